// SPDX-License-Identifier: Apache-2.0
// Counters to rates, from real time differences. Pure: the time is an argument.
#pragma once

#include "cgroup/parse.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>

namespace plimsoll::collector {

/// One counter that only grows. A tick without a value changes nothing: the next one is over the
/// whole time since the last value.
class CounterRate {
public:
    /// Units per second since the last call. notYet at the first; reset when the counter went
    /// backwards, stale when no time has passed.
    Reading<double> update(std::uint64_t value, MonotonicTime now);

private:
    std::uint64_t value_ = 0;
    MonotonicTime at_;
    bool known_ = false;
};

struct NodeCpuRates {
    Reading<Millicores> usage = std::unexpected(Unknown::notYet);
    Reading<Percent> utilization = std::unexpected(Unknown::notYet);
    Reading<Percent> iowait = std::unexpected(Unknown::notYet);
    Reading<Percent> steal = std::unexpected(Unknown::notYet);
};

/// Shares of the CPU time that went by on all CPUs. The kernel counts that time itself, in the same
/// line, so wall time serves only to refuse two samples of the same moment.
class NodeCpuRate {
public:
    NodeCpuRates update(const cgroup::NodeCpuTimes& times, MonotonicTime now);

private:
    cgroup::NodeCpuTimes times_;
    MonotonicTime at_;
    bool known_ = false;
};

} // namespace plimsoll::collector
