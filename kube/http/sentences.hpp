// SPDX-License-Identifier: Apache-2.0
// How a failed request is told to an operator.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/request.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::kube::http {

/// Without user, query and fragment, where secrets may be.
std::string shownUrl(std::string_view url);

/// "GET URL: reason", with the method of the request.
std::unexpected<Error> failed(const Request& request, std::string_view reason, int code = 0);

/// "timed out after 2 s", "timed out after 250 ms".
std::string timedOut(const Request& request);
/// "cannot connect within 5 s".
std::string notConnectedWithin(std::chrono::milliseconds duration);
/// "more than 1 MiB", "more than 256 KiB", "more than 9 bytes".
std::string tooLarge(const Request& request);
/// "answered 404", "answered 302, and redirects are not followed".
std::string answered(int status);

} // namespace plimsoll::kube::http
