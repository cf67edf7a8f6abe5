// SPDX-License-Identifier: Apache-2.0
// Counters to rates, from real time differences. Pure: the time is an argument. A counter that goes
// backwards is a reset, be it that its device is another one or that its 32 bits were full.
#pragma once

#include "cgroup/parse.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <optional>

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

/// Stalled time between two ticks, of the three pressure files. What has no pressure this time has
/// the same reason here.
class StalledRates {
public:
    void update(const PressureSet& pressure, MonotonicTime now, StalledSet& into);

private:
    struct Resource {
        CounterRate some;
        CounterRate full;
    };
    static void update(Resource& resource, const Reading<Pressure>& pressure, MonotonicTime now,
                       Reading<Percent>& some, Reading<Percent>& full);

    Resource cpu_;
    Resource memory_;
    Resource io_;
};

/// Throttled periods among those that passed since the last call.
class ThrottledShare {
public:
    /// 0 when no period passed: the group did not run, or has no quota. missing without the cpu
    /// controller, and then it starts anew when that comes back.
    Reading<Percent> update(const cgroup::CpuStat& stat);

private:
    struct Periods {
        std::uint64_t all = 0;
        std::uint64_t throttled = 0;
    };
    std::optional<Periods> last_;
};

class DiskRates {
public:
    void update(const cgroup::DiskCounters& counters, MonotonicTime now, DiskSample& into);

private:
    CounterRate reads_;
    CounterRate readSectors_;
    CounterRate writes_;
    CounterRate writtenSectors_;
    CounterRate busy_;
};

class InterfaceRates {
public:
    void update(const cgroup::InterfaceCounters& counters, MonotonicTime now,
                InterfaceSample& into);

private:
    CounterRate receivedBytes_;
    CounterRate receivedPackets_;
    CounterRate receiveDrops_;
    CounterRate sentBytes_;
    CounterRate sentPackets_;
    CounterRate sendDrops_;
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
