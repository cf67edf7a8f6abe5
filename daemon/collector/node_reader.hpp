// SPDX-License-Identifier: Apache-2.0
// The node's own readings: /proc/stat, meminfo, loadavg, pressure, diskstats and net/dev.
#pragma once

#include "cgroup/descriptor.hpp"
#include "daemon/collector/devices.hpp"
#include "daemon/collector/rates.hpp"
#include "daemon/collector/reading.hpp"

#include <string>
#include <vector>

namespace plimsoll::collector {

class NodeReader {
public:
    NodeReader(const std::string& procRoot, const std::string& sysRoot);
    void read(Pass& pass, NodeSample& into);

private:
    void growStatBuffer();
    void readCpu(Pass& pass, NodeSample& into);
    void readMemory(Pass& pass, NodeSample& into);

    cgroup::Descriptor proc_;
    cgroup::KeptFile stat_{"stat"};
    cgroup::KeptFile memoryInfo_{"meminfo"};
    cgroup::KeptFile load_{"loadavg"};
    PressureReader pressure_{"pressure/cpu", "pressure/memory", "pressure/io"};
    DeviceReader<Disks> disks_;
    DeviceReader<Interfaces> interfaces_;
    NodeCpuRate cpu_;
    /// Of its own: /proc/stat has a line for each CPU, and the number of each interrupt behind.
    std::vector<char> statBuffer_;
};

} // namespace plimsoll::collector
