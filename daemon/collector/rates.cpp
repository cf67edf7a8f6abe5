// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/rates.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace plimsoll::collector {
namespace {

/// Idle and iowait are estimates that the kernel corrects, now and then downwards (proc(5)).
double growth(std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) : 0.0;
}

NodeCpuRates all(Unknown why) {
    return {.usage = std::unexpected(why),
            .utilization = std::unexpected(why),
            .iowait = std::unexpected(why),
            .steal = std::unexpected(why)};
}

} // namespace

Reading<double> CounterRate::update(std::uint64_t value, MonotonicTime now) {
    const bool known = std::exchange(known_, true);
    const double seconds = std::chrono::duration<double>(now - at_).count();
    if (known && seconds <= 0) {
        return std::unexpected(Unknown::stale);
    }
    const std::uint64_t before = std::exchange(value_, value);
    at_ = now;
    if (!known) {
        return std::unexpected(Unknown::notYet);
    }
    if (value < before) {
        return std::unexpected(Unknown::reset);
    }
    return static_cast<double>(value - before) / seconds;
}

NodeCpuRates NodeCpuRate::update(const cgroup::NodeCpuTimes& times, MonotonicTime now) {
    if (!std::exchange(known_, true)) {
        times_ = times;
        at_ = now;
        return all(Unknown::notYet);
    }
    const double busy = growth(times_.busy, times.busy);
    const double iowait = growth(times_.iowait, times.iowait);
    const double steal = growth(times_.steal, times.steal);
    const double total = busy + iowait + steal + growth(times_.idle, times.idle);
    if (times.busy < times_.busy) {
        times_ = times;
        at_ = now;
        return all(Unknown::reset);
    }
    if (now <= at_ || total <= 0) { // within one tick of USER_HZ, 10 ms
        return all(Unknown::stale);
    }
    times_ = times;
    at_ = now;
    const double capacity = 1000.0 * times.onlineCpus;
    return {.usage = Millicores{busy / total * capacity},
            .utilization = Percent{busy / total * 100},
            .iowait = Percent{iowait / total * 100},
            .steal = Percent{steal / total * 100}};
}

} // namespace plimsoll::collector
