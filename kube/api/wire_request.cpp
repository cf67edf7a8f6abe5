// SPDX-License-Identifier: Apache-2.0
#include "kube/api/wire_request.hpp"

#include <cerrno>
#include <cstddef>

namespace plimsoll::kube {
namespace {

/// Of an answer that is not streamed. A Node with 50 images has 20 KiB.
constexpr std::size_t kLargestBody = std::size_t{4} * 1024 * 1024; // bytes

/// The server's managedFields name the writer by what is before the '/'. It indents its JSON for
/// names that begin with curl, Wget or Mozilla.
constexpr const char* kUserAgent = "plimsolld/" PLIMSOLL_VERSION;

} // namespace

http::Request wireRequest(const ApiRequest& request, const Access& access,
                          const std::string& server) {
    http::Request wire;
    wire.method = request.method;
    wire.url = server + request.path;
    wire.headers = {{"Accept", "application/json"}, {"User-Agent", kUserAgent}};
    if (!request.contentType.empty()) {
        wire.headers.emplace_back("Content-Type", request.contentType);
    }
    if (access.clientCertificatePem.empty() && !access.bearerToken.empty()) {
        wire.headers.emplace_back("Authorization", "Bearer " + access.bearerToken);
    }
    wire.body = request.body;
    wire.timeout = request.timeout;
    wire.connectTimeout = kConnectTimeout;
    wire.largestBody = kLargestBody;
    wire.caPem = access.caPem;
    wire.clientCertificatePem = access.clientCertificatePem;
    wire.clientKeyPem = access.clientKeyPem;
    wire.tlsServerName = access.tlsServerName;
    wire.proxy = access.proxy;
    wire.http2 = true;
    wire.keepConnection = true;
    wire.anyStatus = true;
    return wire;
}

bool mayBeRepeated(http::Method method, int errorCode) {
    const bool nobodyThere =
        errorCode == ECONNREFUSED || errorCode == ENETUNREACH || errorCode == EHOSTUNREACH;
    return method == http::Method::get || nobodyThere;
}

} // namespace plimsoll::kube
