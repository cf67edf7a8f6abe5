// SPDX-License-Identifier: Apache-2.0
// All readings of one tick. Built by the collector, then never changed.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/units.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
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
    PressureSet pressure;
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
    PressureSet pressure;
    std::vector<ContainerSample> containers;
};

struct Snapshot {
    MonotonicTime at;
    std::uint64_t tick = 0; ///< counts up by one
    NodeSample node;
    std::vector<PodSample> pods; ///< ordered by cgroup path
};

} // namespace plimsoll
