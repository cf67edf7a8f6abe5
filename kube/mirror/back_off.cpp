// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/back_off.hpp"

#include <algorithm>

namespace plimsoll::kube {

std::chrono::milliseconds BackOff::next(MonotonicTime now, double dice) {
    if (over_ && now - *over_ > kHealthy) {
        step_ = kFirst;
    }
    const auto wait = spread(step_ / 2, dice);
    step_ = std::min(step_ * 2, kLongest);
    over_ = now + wait;
    return wait;
}

} // namespace plimsoll::kube
