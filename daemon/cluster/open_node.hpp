// SPDX-License-Identifier: Apache-2.0
// plimsolld --open-node: what of ours outlives a stop is taken off the Node. For a removal.
#pragma once

#include "daemon/cluster/node_identity.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/model/error.hpp"

#include <chrono>

namespace plimsoll {

/// Opens the node where Plimsoll has closed it, and removes its condition. A cordon of somebody
/// else stays. Ends with an error when that is not done after `timeout`.
Result<void> openNode(EventLoop& loop, const kube::CredentialSettings& credentials,
                      const NodeNames& names, std::chrono::seconds timeout);

} // namespace plimsoll
