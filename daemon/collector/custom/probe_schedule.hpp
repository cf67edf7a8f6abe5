// SPDX-License-Identifier: Apache-2.0
// When a probe is due.
#pragma once

#include "daemon/model/units.hpp"

#include <string_view>

namespace plimsoll::collector {

class ProbeSchedule {
public:
    /// The first time is within one interval from now, where `key` says: the same for the same key,
    /// and spread over the interval for many.
    ProbeSchedule(std::string_view key, Microseconds interval, MonotonicTime now);

    [[nodiscard]] MonotonicTime due() const { return due_; }
    /// Counts from the time at which it was due, so that the period does not drift; what was missed
    /// is left out. After failures in a row it is due after two, then four intervals.
    void ran(bool good, MonotonicTime now);
    void changeInterval(Microseconds interval, MonotonicTime now);

private:
    [[nodiscard]] MonotonicTime spread(MonotonicTime from) const;

    std::size_t hash_;
    Microseconds interval_;
    MonotonicTime due_;
    int doublings_ = 0;
};

} // namespace plimsoll::collector
