// SPDX-License-Identifier: Apache-2.0
// What a Connection stands on.
#pragma once

#include "kube/api/api.hpp"
#include "kube/credentials/credentials.hpp"

#include <functional>

namespace plimsoll::kube {

struct ApiPorts {
    std::function<void(Credentials::Ready)> credentials; ///< Credentials::get()
    std::function<void()> refused;                       ///< Credentials::refused()
    std::function<http::Call(http::Request, Api::Receive, Api::Done)> start; ///< Client::start()
};

/// Requests that have a server's attention at the same time, the five watches among them.
inline constexpr unsigned kMostAtOnce = 16;

} // namespace plimsoll::kube
