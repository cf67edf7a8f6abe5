// SPDX-License-Identifier: Apache-2.0
// One request as libcurl has it.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/request.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <curl/curl.h>
#include <memory>
#include <string>

namespace plimsoll::kube::http {

// CURL and CURLM are both void.
struct EasyRelease {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiRelease {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListRelease {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// libcurl points into it, so it stays where it is.
class Transfer {
public:
    /// Fails where the request cannot be sent as it stands.
    static Result<std::unique_ptr<Transfer>> make(Request request);
    ~Transfer() = default;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    /// What came of it, once libcurl is done with it. Takes the body.
    Result<Answer> finish(CURLcode outcome);

private:
    enum class TooLarge : std::uint8_t { nothing, headers, body };

    explicit Transfer(Request request) : request_(std::move(request)) {}
    Result<void> prepare();
    Result<void> addHeaders();
    CURLcode setOptions();
    [[nodiscard]] std::unexpected<Error> failure(CURLcode outcome) const;
    [[nodiscard]] std::string reasonOf(CURLcode outcome) const;
    [[nodiscard]] std::string detail(CURLcode outcome) const;
    static std::size_t receive(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
    static std::size_t countHeader(char* data, std::size_t size, std::size_t count,
                                   void* self) noexcept;

    Request request_;
    std::string body_;
    std::size_t headerBytes_ = 0;
    TooLarge tooLarge_ = TooLarge::nothing;
    std::array<char, CURL_ERROR_SIZE> text_{};
    std::unique_ptr<curl_slist, ListRelease> headers_;
    std::unique_ptr<CURL, EasyRelease> easy_; // last: goes before what it points to
};

} // namespace plimsoll::kube::http
