// SPDX-License-Identifier: Apache-2.0
// A rate that allows for bursts. Pure.
#pragma once

#include "daemon/model/units.hpp"

#include <algorithm>
#include <chrono>

namespace plimsoll::kube {

class TokenBucket {
public:
    using Duration = std::chrono::microseconds;

    /// Full at first.
    TokenBucket(unsigned burst, Duration perToken, MonotonicTime now)
        : capacity_(perToken * burst), perToken_(perToken), credit_(capacity_), at_(now) {}

    /// False: there is none.
    bool take(MonotonicTime now) {
        fill(now);
        if (credit_ < perToken_) {
            return false;
        }
        credit_ -= perToken_;
        return true;
    }
    /// Until there is one; 0: there is.
    Duration wait(MonotonicTime now) {
        fill(now);
        return std::max(perToken_ - credit_, Duration{0});
    }

private:
    void fill(MonotonicTime now) {
        const auto passed = std::chrono::duration_cast<Duration>(now - at_);
        credit_ = std::min(capacity_, credit_ + std::max(passed, Duration{0}));
        at_ = now;
    }

    Duration capacity_;
    Duration perToken_;
    Duration credit_; ///< the time that has been saved up
    MonotonicTime at_;
};

} // namespace plimsoll::kube
