// SPDX-License-Identifier: Apache-2.0
// One limit of a pod, as the bus was told: what stands there now, and what stood there at first.
#pragma once

#include "daemon/model/limit.hpp"
#include "daemon/model/plan.hpp"
#include "dbus/changes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll::dbus {

class ShownLimit {
public:
    /// Names of the two properties; string literals.
    ShownLimit(const char* limit, const char* baseline)
        : limitProperty_(limit), baselineProperty_(baseline) {}

    /// `held` null: Plimsoll does not hold it. `reading` none: unknown.
    void update(const HeldPod* held, const std::optional<Limit>& reading, std::uint64_t tick,
                Changes& changes);

    [[nodiscard]] bool held() const { return held_; }
    /// Empty: unknown.
    [[nodiscard]] std::string limit() const;
    /// Empty: not held.
    [[nodiscard]] std::string baseline() const;

private:
    [[nodiscard]] std::optional<Limit> limitNow(const HeldPod* held,
                                                const std::optional<Limit>& reading) const;

    const char* limitProperty_;
    const char* baselineProperty_;
    bool held_ = false;
    std::optional<Limit> limit_;
    std::optional<Limit> baseline_;
    /// A limit that was let go in this tick: the reading is from before the write.
    struct Released {
        std::uint64_t tick = 0;
        Limit applied;
        Limit baseline;
    };
    std::optional<Released> released_;
};

} // namespace plimsoll::dbus
