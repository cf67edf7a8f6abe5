// SPDX-License-Identifier: Apache-2.0
// How a request is told to libcurl.
#include "kube/http/options.hpp"
#include "kube/http/transfer.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace plimsoll::kube::http {
namespace {

// A connection whose other side is gone without a word is noticed after 45 s, as by client-go
// (golang.org/x/net/http2: a ping after 30 s, 15 s for its answer).
constexpr long kSilenceBeforeProbe = 30;      // s
constexpr long kBetweenProbes = 15;           // s
constexpr unsigned kUnacknowledged = 45'000U; // ms

/// Keepalive alone does not look at a connection on which something waits to be acknowledged, such
/// as another request beside a watch.
int boundSilence(void*, curl_socket_t socket, curlsocktype) noexcept {
    const unsigned milliseconds = kUnacknowledged;
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    return CURL_SOCKOPT_OK; // without it the kernel's own patience holds
}

bool hasHttp2() {
    return (static_cast<unsigned>(curl_version_info(CURLVERSION_NOW)->features) &
            unsigned{CURL_VERSION_HTTP2}) != 0;
}

void setBody(Options& options, const std::string& body) {
    options.set(CURLOPT_POST, 1L);
    options.set(CURLOPT_POSTFIELDS, body.data()); // not copied: it lives as long as the handle
    options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
}

void setMethod(Options& options, const Request& request) {
    if (sendsBody(request)) {
        setBody(options, request.body);
    }
    if (request.method != Method::get && request.method != Method::post) {
        options.set(CURLOPT_CUSTOMREQUEST, std::string(name(request.method)).c_str());
    }
}

void setClientCertificate(Options& options, Request& request) {
    if (request.clientCertificatePem.empty()) {
        return;
    }
    options.setBlob(CURLOPT_SSLCERT_BLOB, request.clientCertificatePem);
    options.set(CURLOPT_SSLCERTTYPE, "PEM");
    options.setBlob(CURLOPT_SSLKEY_BLOB, request.clientKeyPem);
    options.set(CURLOPT_SSLKEYTYPE, "PEM");
    options.set(CURLOPT_KEYPASSWD, ""); // else OpenSSL would ask for it on the terminal
}

void setAuthorities(Options& options, Request& request) {
#if LIBCURL_VERSION_NUM >= 0x074d00 // 7.77; Transfer::prepare() refuses it before
    if (!request.caPem.empty()) {
        options.setBlob(CURLOPT_CAINFO_BLOB, request.caPem);
        options.set(CURLOPT_CAPATH, static_cast<char*>(nullptr)); // this CA instead of the system's
        return;
    }
#endif
    if (!request.caFile.empty()) {
        options.set(CURLOPT_CAINFO, request.caFile.c_str());
        options.set(CURLOPT_CAPATH, static_cast<char*>(nullptr)); // likewise
    }
}

void setTls(Options& options, Request& request) {
    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    setAuthorities(options, request);
    setClientCertificate(options, request);
#if LIBCURL_VERSION_NUM >= 0x075700            // 7.87, the first that keeps them: for a day
    options.set(CURLOPT_CA_CACHE_TIMEOUT, 0L); // certificates are replaced while we run
#endif
    // A session that is resumed is not verified again, whatever the CA file says by now, and the
    // server takes the client's certificate from the session, whichever is shown by now.
    options.set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

void setProxy(Options& options, const Request& request, const Route& route) {
    if (!request.proxyFromEnvironment || !request.proxy.empty()) {
        options.set(CURLOPT_PROXY, route.proxy.c_str());
    }
    if (route.proxy.empty()) {
        return;
    }
    options.set(CURLOPT_NOPROXY, ""); // that of the environment is not for this proxy
    options.set(CURLOPT_HTTPPROXYTUNNEL, 1L);
    options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); // they are the proxy's, not the answer's
    options.set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
}

void setConnection(Options& options, const Request& request) {
    if (request.http2 && hasHttp2()) {
        options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        options.set(CURLOPT_PIPEWAIT, 1L); // for a connection that is being made
    } else {
        // One request a connection at a time, so the bound on requests is one on connections.
        options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    }
    if (!request.keepConnection) {
        options.set(CURLOPT_FRESH_CONNECT, 1L);
        options.set(CURLOPT_FORBID_REUSE, 1L);
    }
    // A kept connection may serve a request without a time-out later.
    if (request.keepConnection || request.timeout.count() == 0) {
        options.set(CURLOPT_TCP_KEEPALIVE, 1L);
        options.set(CURLOPT_TCP_KEEPIDLE, kSilenceBeforeProbe);
        options.set(CURLOPT_TCP_KEEPINTVL, kBetweenProbes);
        options.set(CURLOPT_SOCKOPTFUNCTION, &boundSilence);
    }
}

void setTimes(Options& options, const Request& request) {
    options.set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    options.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(longestConnecting(request).count()));
    options.set(CURLOPT_NOSIGNAL, 1L);
    // Otherwise giving up on a name that is being looked up waits, in our loop, until the resolver
    // has given up, too: measured 9.7 s with a name server that is silent, instead of 10 ms.
#if LIBCURL_VERSION_NUM >= 0x075700 // 7.87
    options.set(CURLOPT_QUICK_EXIT, 1L);
#endif
}

} // namespace

bool sendsBody(const Request& request) {
    switch (request.method) {
    case Method::get: return false;
    case Method::remove: return !request.body.empty();
    case Method::post:
    case Method::patch:
    case Method::put: return true;
    }
    return false;
}

std::chrono::milliseconds longestConnecting(const Request& request) {
    constexpr std::chrono::minutes kOtherwise{5}; // as libcurl has it
    if (request.connectTimeout.count() != 0) {
        return request.connectTimeout;
    }
    return request.timeout.count() != 0 ? request.timeout : kOtherwise;
}

CURLcode Transfer::setOptions() {
    Options options(easy_.get());
    options.set(CURLOPT_URL, route_.url.c_str());
#if LIBCURL_VERSION_NUM < 0x075500 // 7.85
    options.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#else
    options.set(CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    options.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    options.set(CURLOPT_PATH_AS_IS, 1L);
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    options.set(CURLOPT_USERAGENT, "plimsolld");
    setMethod(options, request_);
    if (request_.compressed) {
        options.set(CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    options.set(CURLOPT_HTTPHEADER, headers_.get());
    options.set(CURLOPT_CONNECT_TO, connectTo_.get());
    setTls(options, request_);
    setProxy(options, request_, route_);
    setConnection(options, request_);
    setTimes(options, request_);
    options.set(CURLOPT_ERRORBUFFER, text_.data());
    options.set(CURLOPT_HEADERFUNCTION, &Transfer::takeHeader);
    options.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    options.set(CURLOPT_WRITEFUNCTION, &Transfer::receive);
    options.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    return options.outcome();
}

} // namespace plimsoll::kube::http
