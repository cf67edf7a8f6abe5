// SPDX-License-Identifier: Apache-2.0
// How long to wait after a failure: as client-go's reflector does. Pure.
#pragma once

#include "daemon/model/units.hpp"

#include <cstdint>
#include <optional>

namespace plimsoll::kube {

/// From `shortest` to twice that, as `dice` (0 to 1) has it: many nodes shall not ask together.
constexpr std::chrono::milliseconds spread(std::chrono::milliseconds shortest, double dice) {
    const double extra = static_cast<double>(shortest.count()) * dice;
    return shortest + std::chrono::milliseconds(static_cast<std::int64_t>(extra));
}

class BackOff {
public:
    static constexpr std::chrono::milliseconds kFirst{800};
    static constexpr std::chrono::milliseconds kLongest{30'000};
    /// Without a failure for so long, the next one is the first again.
    static constexpr std::chrono::minutes kHealthy{2};

    /// Of the failure that happens now. From half of the time to all of it, as `dice`
    /// (0 to 1) has it.
    std::chrono::milliseconds next(MonotonicTime now, double dice);
    /// The next() one will be as long as they get.
    [[nodiscard]] bool isLongest() const { return step_ >= kLongest; }

private:
    std::chrono::milliseconds step_ = kFirst;
    std::optional<MonotonicTime> over_; ///< when the last one was, or will be, waited for
};

} // namespace plimsoll::kube
