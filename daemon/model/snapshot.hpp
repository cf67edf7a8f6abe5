// SPDX-License-Identifier: Apache-2.0
// All readings of one tick. Built by the collector, then never changed.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/series.hpp"
#include "daemon/model/units.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Why there is no value. Unknown is not zero: nothing is decided on it.
enum class Unknown : std::uint8_t {
    notYet,     ///< a rate needs two samples
    missing,    ///< the file or the cgroup is not there
    unreadable, ///< permission, or text that the kernel should not have written
    reset,      ///< the counter went backwards; the next tick has a rate again
    stale,      ///< the last sample is too old
};

template <class T>
using Reading = std::expected<T, Unknown>;

/// One line of a pressure file. Averages in percent of wall time, total in microseconds stalled.
struct PressureLine {
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t totalMicroseconds = 0;
    friend bool operator==(const PressureLine&, const PressureLine&) = default;
};

struct Pressure {
    PressureLine some;
    std::optional<PressureLine> full; ///< the node's cpu.pressure had no full line before 5.13
    friend bool operator==(const Pressure&, const Pressure&) = default;
};

struct PressureSet {
    Reading<Pressure> cpu = std::unexpected(Unknown::notYet);
    Reading<Pressure> memory = std::unexpected(Unknown::notYet);
    Reading<Pressure> io = std::unexpected(Unknown::notYet);
};

/// Stalled time between the last two ticks, from the `total=` of a pressure file: percent of wall
/// time. Quicker than avg10, which needs ten seconds to show a change in full.
struct StalledSet {
    Reading<Percent> cpuSome = std::unexpected(Unknown::notYet);
    Reading<Percent> cpuFull = std::unexpected(Unknown::notYet);
    Reading<Percent> memorySome = std::unexpected(Unknown::notYet);
    Reading<Percent> memoryFull = std::unexpected(Unknown::notYet);
    Reading<Percent> ioSome = std::unexpected(Unknown::notYet);
    Reading<Percent> ioFull = std::unexpected(Unknown::notYet);
};

/// One whole block device (no partitions), from /proc/diskstats.
struct DiskSample {
    std::string name;                                              ///< "sda", "nvme0n1"
    Reading<double> readKibps = std::unexpected(Unknown::notYet);  ///< KiB a second
    Reading<double> writeKibps = std::unexpected(Unknown::notYet); ///< KiB a second
    Reading<double> readIops = std::unexpected(Unknown::notYet);
    Reading<double> writeIops = std::unexpected(Unknown::notYet);
    Reading<Percent> utilization = std::unexpected(Unknown::notYet); ///< time with I/O under way
};

/// One network interface, from /proc/net/dev.
struct InterfaceSample {
    std::string name;                                                  ///< "eth0"
    Reading<double> receiveKbps = std::unexpected(Unknown::notYet);    ///< 1000 bits a second
    Reading<double> sendKbps = std::unexpected(Unknown::notYet);       ///< 1000 bits a second
    Reading<double> receivePackets = std::unexpected(Unknown::notYet); ///< a second
    Reading<double> sendPackets = std::unexpected(Unknown::notYet);
    Reading<double> receiveDrops = std::unexpected(Unknown::notYet);
    Reading<double> sendDrops = std::unexpected(Unknown::notYet);
};

/// /proc/loadavg.
struct LoadSample {
    double over1 = 0; ///< minutes
    double over5 = 0;
    double over15 = 0;
    friend bool operator==(const LoadSample&, const LoadSample&) = default;
};

struct NodeSample {
    unsigned onlineCpus = 0;
    /// Busy time. Waiting for a disk and time stolen by the hypervisor are not busy.
    Reading<Millicores> cpuUsage = std::unexpected(Unknown::notYet);
    Reading<Percent> cpuUtilization = std::unexpected(Unknown::notYet);
    Reading<Percent> cpuIowait = std::unexpected(Unknown::notYet);
    Reading<Percent> cpuSteal = std::unexpected(Unknown::notYet);
    Reading<Bytes> memoryTotal = std::unexpected(Unknown::notYet);
    Reading<Bytes> memoryUsage = std::unexpected(Unknown::notYet); ///< MemTotal - MemAvailable
    Reading<Percent> memoryUtilization = std::unexpected(Unknown::notYet);
    Reading<LoadSample> load = std::unexpected(Unknown::notYet);
    PressureSet pressure;
    StalledSet stalled;
    std::vector<DiskSample> disks;           ///< ordered by name
    std::vector<InterfaceSample> interfaces; ///< ordered by name; without lo
};

/// Which cgroup, for as long as it lives. A cgroup made again under the same path is another one.
struct CgroupIdentity {
    CgroupPath path;
    std::uint64_t inode = 0;
    friend bool operator==(const CgroupIdentity&, const CgroupIdentity&) = default;
};

struct ContainerCgroup {
    ContainerId id;
    CgroupIdentity cgroup;
};

struct PodCgroup {
    PodUid uid;
    QosClass qosClass = QosClass::bestEffort; ///< read off the path
    CgroupIdentity cgroup;
};

struct ContainerSample {
    std::shared_ptr<const ContainerCgroup> container;
    Reading<Millicores> cpuUsage = std::unexpected(Unknown::notYet);
    Reading<Bytes> memoryWorkingSet = std::unexpected(Unknown::notYet);
};

struct PodSample {
    std::shared_ptr<const PodCgroup> pod;
    Reading<Millicores> cpuUsage = std::unexpected(Unknown::notYet);
    Reading<Bytes> memoryWorkingSet = std::unexpected(Unknown::notYet); ///< current - inactive_file
    Reading<CpuMax> cpuMax = std::unexpected(Unknown::notYet);          ///< of the pod's own cgroup
    /// CPU periods in which some group of the pod hit its quota, since the last tick. Of the pod's
    /// own cgroup: a container's quota shows there only where the pod has one, too.
    Reading<Percent> cpuThrottled = std::unexpected(Unknown::notYet);
    Reading<Bytes> memoryCurrent = std::unexpected(Unknown::notYet);
    Reading<MemoryHigh> memoryHigh = std::unexpected(Unknown::notYet);
    /// How often a second the pod was throttled for being above memory.high ("high" of
    /// memory.events).
    Reading<double> memoryHighEvents = std::unexpected(Unknown::notYet);
    PressureSet pressure;
    StalledSet stalled;
    std::vector<ContainerSample> containers;
};

struct Snapshot {
    MonotonicTime at;
    std::uint64_t tick = 0; ///< counts up by one
    NodeSample node;
    std::vector<PodSample> pods; ///< ordered by cgroup path
    /// What probes, textfiles and D-Bus delivered so far; shared, never null.
    std::shared_ptr<const CustomSamples> custom = noCustomSamples();
};

} // namespace plimsoll
