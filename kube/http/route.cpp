// SPDX-License-Identifier: Apache-2.0
#include "kube/http/route.hpp"

#include "kube/http/sentences.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <memory>
#include <netinet/in.h>

namespace plimsoll::kube::http {
namespace {

struct UrlRelease {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlRelease>;

/// Empty where there is none.
std::string partOf(const Url& url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return text;
}

/// What could stand in a certificate: no more, as it becomes a part of a URL.
bool isHostName(const std::string& name) {
    constexpr std::size_t kLongest = 253; // bytes, RFC 1035
    return !name.empty() && name.size() <= kLongest &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._") == std::string::npos;
}

/// As Go does it, whose users write such URLs: the proxy looks the name up.
std::string proxyUrl(const std::string& proxy) {
    constexpr std::string_view kSocks5 = "socks5://";
    return proxy.starts_with(kSocks5) ? "socks5h://" + proxy.substr(kSocks5.size()) : proxy;
}

bool isProxyUrl(const std::string& proxy) {
    return proxy.starts_with("http://") || proxy.starts_with("https://") ||
           proxy.starts_with("socks5://");
}

Result<void> rename(Route& route, const Url& url, const Request& request) {
    if (!isHostName(request.tlsServerName)) {
        return failed(request, "the name that the server's certificate has to be for is no name of "
                               "a host");
    }
    const auto host = partOf(url, CURLUPART_HOST);
    const auto port = partOf(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const auto givenPort = partOf(url, CURLUPART_PORT);
    route.hostHeader = givenPort.empty() ? host : host + ":" + givenPort;
    route.connectTo = request.tlsServerName + ":" + port + ":" + host + ":" + port;
    if (curl_url_set(url.get(), CURLUPART_HOST, request.tlsServerName.c_str(), 0) != CURLUE_OK) {
        return failed(request, "no memory", ENOMEM);
    }
    route.url = partOf(url, CURLUPART_URL);
    return {};
}

} // namespace

bool isLoopback(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    const std::string name(host);
    if (curl_strequal(name.c_str(), "localhost") != 0) {
        return true;
    }
    in_addr four{};
    if (inet_pton(AF_INET, name.c_str(), &four) == 1) {
        return ntohl(four.s_addr) >> 24U == IN_LOOPBACKNET;
    }
    in6_addr six{};
    return inet_pton(AF_INET6, name.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<Route> routeOf(const Request& request) {
    Route route{.url = request.url};
    if (request.tlsServerName.empty() && request.proxy.empty()) {
        return route; // libcurl itself says what is wrong with the URL
    }
    const Url url(curl_url());
    if (!url) {
        return failed(request, "no memory", ENOMEM);
    }
    if (curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(),
                     CURLU_PATH_AS_IS | CURLU_DISALLOW_USER) != CURLUE_OK) {
        return failed(request, "this is no URL");
    }
    if (!request.proxy.empty() && !isProxyUrl(request.proxy)) {
        return failed(request, "the URL of the proxy does not begin with http://, https:// or "
                               "socks5://");
    }
    if (!request.proxy.empty() && !isLoopback(partOf(url, CURLUPART_HOST))) {
        route.proxy = proxyUrl(request.proxy);
    }
    if (!request.tlsServerName.empty()) {
        if (auto renamed = rename(route, url, request); !renamed) {
            return std::unexpected(std::move(renamed).error());
        }
    }
    return route;
}

} // namespace plimsoll::kube::http
