// SPDX-License-Identifier: Apache-2.0
// One request as libcurl has it.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/request.hpp"
#include "kube/http/route.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <curl/curl.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

bool sendsBody(const Request& request);
/// Until TLS is established.
std::chrono::milliseconds longestConnecting(const Request& request);

/// libcurl points into it, so it stays where it is.
class Transfer {
public:
    /// Takes a piece of the body of a 2xx answer; false: no more of it.
    using Receive = std::function<bool(std::string_view piece)>;

    /// Fails where the request cannot be sent as it stands. Without `receive` the body is
    /// collected.
    static Result<std::unique_ptr<Transfer>> make(Request request, Receive receive);
    ~Transfer() = default;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    /// From now on nothing is received: libcurl ends it where it has not ended yet.
    void abandon() noexcept { abandoned_ = true; }
    [[nodiscard]] bool isAbandoned() const { return abandoned_; }
    /// What came of it, once libcurl is done with it. Takes the body.
    Result<Answer> finish(CURLcode outcome);

private:
    enum class Refusal : std::uint8_t { none, headersTooLarge, bodyTooLarge, receiver };

    Transfer(Request request, Receive receive)
        : request_(std::move(request)), receive_(std::move(receive)) {}
    Result<void> prepare();
    Result<void> addHeaders();
    Result<void> addHeaderLine(const std::string& line);
    Result<void> addConnectTo();
    CURLcode setOptions();
    [[nodiscard]] std::unexpected<Error> failure(CURLcode outcome) const;
    [[nodiscard]] std::string reasonOf(CURLcode outcome) const;
    [[nodiscard]] std::string lateness() const;
    [[nodiscard]] std::string detail(CURLcode outcome) const;
    static std::size_t receive(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
    [[nodiscard]] bool take(std::string_view piece);
    static std::size_t takeHeader(char* data, std::size_t size, std::size_t count,
                                  void* self) noexcept;

    Request request_;
    Receive receive_;
    Route route_;
    std::string body_;
    std::optional<std::chrono::seconds> retryAfter_;
    std::size_t headerBytes_ = 0;
    Refusal refusal_ = Refusal::none;
    bool abandoned_ = false;
    std::array<char, CURL_ERROR_SIZE> text_{};
    std::unique_ptr<curl_slist, ListRelease> headers_;
    std::unique_ptr<curl_slist, ListRelease> connectTo_;
    std::unique_ptr<CURL, EasyRelease> easy_; // last: goes before what it points to
};

} // namespace plimsoll::kube::http
