// SPDX-License-Identifier: Apache-2.0
// Options of a libcurl handle.
#pragma once

#include <curl/curl.h>
#include <string>

namespace plimsoll::kube::http {

/// Sets options and remembers the first that was refused.
class Options {
public:
    explicit Options(CURL* easy) : easy_(easy) {}

    template <class Value>
    void set(CURLoption option, Value value) {
        const auto code = curl_easy_setopt(easy_, option, value);
        if (outcome_ == CURLE_OK) {
            outcome_ = code;
        }
    }
    /// libcurl keeps a copy.
    void setBlob(CURLoption option, std::string& bytes) {
        curl_blob blob{.data = bytes.data(), .len = bytes.size(), .flags = CURL_BLOB_COPY};
        set(option, &blob);
    }
    [[nodiscard]] CURLcode outcome() const { return outcome_; }

private:
    CURL* easy_;
    CURLcode outcome_ = CURLE_OK;
};

} // namespace plimsoll::kube::http
