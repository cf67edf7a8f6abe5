// SPDX-License-Identifier: Apache-2.0
// Where a request goes: its host, another name for its TLS, a proxy.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/request.hpp"

#include <string>
#include <string_view>

namespace plimsoll::kube::http {

struct Route {
    std::string url;
    std::string hostHeader; ///< empty: as the URL says
    std::string connectTo;  ///< as CURLOPT_CONNECT_TO has it; empty: as the URL says
    std::string proxy;      ///< empty: none
};

/// Fails where the URL or tlsServerName is none.
Result<Route> routeOf(const Request& request);

/// "localhost", an address of 127.0.0.0/8, or ::1 with or without brackets.
bool isLoopback(std::string_view host);

} // namespace plimsoll::kube::http
