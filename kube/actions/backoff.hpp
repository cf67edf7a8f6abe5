// SPDX-License-Identifier: Apache-2.0
// How long to wait after a failure. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace plimsoll::kube {

/// 1 s after the first failure, twice as long after each further one, 1 min at most; of that
/// between a half and all, so that many nodes do not come back at once. `random` is in [0, 1).
inline std::chrono::milliseconds backoff(unsigned failures, double random) {
    constexpr std::chrono::milliseconds kFirst{1'000};
    constexpr std::chrono::milliseconds kLongest{60'000};
    constexpr unsigned kMostDoublings = 6;
    const auto doublings = std::min(std::max(failures, 1U) - 1, kMostDoublings);
    const auto whole = std::min(kFirst * (1U << doublings), kLongest);
    return std::chrono::duration_cast<std::chrono::milliseconds>(whole * (1 + random) / 2);
}

} // namespace plimsoll::kube
