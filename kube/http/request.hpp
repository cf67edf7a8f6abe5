// SPDX-License-Identifier: Apache-2.0
// What is asked of an HTTP server, and what it answered.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::kube::http {

/// A GET. Certificates are always verified and redirects never followed.
struct Request {
    std::string url; ///< http:// or https://, without a user
    std::vector<std::pair<std::string, std::string>> headers;
    /// Of the whole request, from the look-up of the name to the last byte; without the time that
    /// it waits for its turn.
    std::chrono::milliseconds timeout{10'000};
    std::size_t largestBody = std::size_t{1024} * 1024; ///< bytes
    std::string caFile;                                 ///< PEM; empty: the system's certificates
    bool proxyFromEnvironment = false;                  ///< http_proxy, https_proxy, no_proxy
    /// A connection may be kept for the next request. Not for servers whose address may belong to
    /// somebody else by then, such as pods.
    bool keepConnection = false;
    /// Any status is an answer. Otherwise one that is not 2xx is an error.
    bool anyStatus = false;
    friend bool operator==(const Request&, const Request&) = default;
};

struct Answer {
    int status = 0;
    std::string contentType; ///< as it was sent: "text/plain; version=0.0.4"; empty: none
    std::string body;
};

} // namespace plimsoll::kube::http
