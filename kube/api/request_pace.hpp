// SPDX-License-Identifier: Apache-2.0
// A bound on what a mistake of ours can cost the API server. Pure.
#pragma once

#include <chrono>

namespace plimsoll::kube {

/// So many requests a second over any long time, and a burst of them at once after silence.
class RequestPace {
public:
    using Time = std::chrono::steady_clock::time_point;

    RequestPace(unsigned perSecond, unsigned burst);

    /// False: not yet.
    bool take(Time now);
    /// When take() is true again.
    [[nodiscard]] Time next() const { return spent_ - slack_; }

private:
    Time::duration each_;
    Time::duration slack_; ///< how far ahead of the steady rate it may be
    Time spent_;           ///< when, at the steady rate, the next one would be due
};

} // namespace plimsoll::kube
