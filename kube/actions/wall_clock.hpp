// SPDX-License-Identifier: Apache-2.0
// The time of day, as it is written into objects of the cluster.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace plimsoll::kube {

using WallTime = std::chrono::sys_seconds;
using WallClock = std::function<WallTime()>;

/// What the system says that it is.
WallTime wallNow();
/// As metav1.Time has it: "2024-05-01T10:00:00Z".
std::string formatTimestamp(WallTime time);

} // namespace plimsoll::kube
