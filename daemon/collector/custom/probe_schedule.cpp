// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_schedule.hpp"

#include <algorithm>
#include <functional>

namespace plimsoll::collector {
namespace {

constexpr int kMostDoublings = 2; // four intervals

} // namespace

ProbeSchedule::ProbeSchedule(std::string_view key, Microseconds interval, MonotonicTime now)
    : hash_(std::hash<std::string_view>{}(key)), interval_(interval), due_(spread(now)) {}

MonotonicTime ProbeSchedule::spread(MonotonicTime from) const {
    const auto interval = static_cast<std::size_t>(interval_.count());
    return from + Microseconds(static_cast<Microseconds::rep>(hash_ % interval));
}

void ProbeSchedule::ran(bool good, MonotonicTime now) {
    doublings_ = good ? 0 : std::min(doublings_ + 1, kMostDoublings);
    const auto step = interval_ * (1 << doublings_);
    due_ += step;
    if (due_ <= now) {
        due_ += step * ((now - due_) / step + 1);
    }
}

void ProbeSchedule::changeInterval(Microseconds interval, MonotonicTime now) {
    if (interval == interval_) {
        return;
    }
    interval_ = interval;
    due_ = spread(now);
}

} // namespace plimsoll::collector
