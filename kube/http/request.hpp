// SPDX-License-Identifier: Apache-2.0
// What is asked of an HTTP server, and what it answered.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::kube::http {

enum class Method : std::uint8_t { get, post, patch, put, remove };
/// "GET", …, "DELETE".
std::string_view name(Method method);

/// Certificates are always verified and redirects never followed.
struct Request {
    Method method = Method::get;
    std::string url; ///< http:// or https://, without a user
    std::vector<std::pair<std::string, std::string>> headers;
    /// Sent with POST, PATCH and PUT, also when it is empty, and with DELETE unless it is empty.
    std::string body;
    /// Of the whole request, from the look-up of the name to the last byte; without the time that
    /// it waits for its turn. 0: as long as it takes.
    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds connectTimeout{0};        ///< until TLS is established; 0: only
                                                        ///< `timeout`, or 5 min where that is 0
    std::size_t largestBody = std::size_t{1024} * 1024; ///< bytes
    std::string caFile;                                 ///< PEM; empty: the system's certificates
    std::string caPem;                ///< the certificates themselves, instead of a file
    std::string clientCertificatePem; ///< leaf first, then intermediates; empty: none is shown
    std::string clientKeyPem;         ///< of the leaf
    /// The name that the server's certificate has to be for, and which is asked for (SNI). Empty:
    /// the URL's host.
    std::string tlsServerName;
    bool proxyFromEnvironment = false; ///< http_proxy, https_proxy, no_proxy
    std::string proxy; ///< "http://…", "https://…" or "socks5://…"; empty: none. Never for loopback
    /// HTTP/2 where the server and libcurl have it; then many requests share one connection.
    bool http2 = false;
    /// A connection may be kept for the next request. Not for servers whose address may belong to
    /// somebody else by then, such as pods.
    bool keepConnection = false;
    /// The body may be sent as gzip. largestBody bounds what comes of it.
    bool compressed = false;
    /// Any status is an answer. Otherwise one that is not 2xx is an error.
    bool anyStatus = false;
    friend bool operator==(const Request&, const Request&) = default;
};

struct Answer {
    int status = 0;
    std::string contentType; ///< as it was sent: "text/plain; version=0.0.4"; empty: none
    std::string body;        ///< empty where it went to a Receive
    /// Of a Retry-After in seconds, a day at most; its other form, a date, counts as none.
    std::optional<std::chrono::seconds> retryAfter;
};

} // namespace plimsoll::kube::http
