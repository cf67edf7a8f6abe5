// SPDX-License-Identifier: Apache-2.0
// A question to the API, and what goes over the wire for it. Pure.
#pragma once

#include "kube/api/api.hpp"
#include "kube/credentials/access.hpp"

#include <chrono>
#include <string>

namespace plimsoll::kube {

/// Until TLS is established. A server that is away drops packets; the next one shall have its turn
/// within the 15 s of a request.
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};

http::Request wireRequest(const ApiRequest& request, const Access& access,
                          const std::string& server);

/// Whether a request that failed with this errno may be sent once more without being carried out
/// twice.
bool mayBeRepeated(http::Method method, int errorCode);

} // namespace plimsoll::kube
