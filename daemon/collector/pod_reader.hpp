// SPDX-License-Identifier: Apache-2.0
// The readings of one pod and of its containers.
#pragma once

#include "cgroup/tree.hpp"
#include "daemon/collector/rates.hpp"
#include "daemon/collector/reading.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace plimsoll::collector {

/// What pods and containers have in common.
class UsageReader {
public:
    struct Cpu {
        Reading<Millicores> usage = std::unexpected(Unknown::notYet);
        Reading<Percent> throttled = std::unexpected(Unknown::notYet);
    };
    /// None: the cgroup is gone. cpu.stat is there with and without the cpu controller, so ENODEV
    /// from it says that the cgroup was removed.
    std::optional<Cpu> readCpu(int directory, Pass& pass);

    struct Memory {
        Reading<Bytes> current = std::unexpected(Unknown::notYet);
        Reading<Bytes> workingSet = std::unexpected(Unknown::notYet);
    };
    Memory readMemory(int directory, Pass& pass);

private:
    cgroup::KeptFile cpuStat_{"cpu.stat"};
    cgroup::KeptFile memoryCurrent_{"memory.current"};
    cgroup::KeptFile memoryStat_{"memory.stat"};
    CounterRate cpu_;
    ThrottledShare throttled_;
};

class ContainerReader {
public:
    using Node = cgroup::ContainerNode;
    explicit ContainerReader(Node& node) : node_(&node), identity_(node.identity) {}

    /// The same container, perhaps at another place in memory.
    void follow(Node& node) { node_ = &node; }
    /// False: gone.
    bool read(Pass& pass, ContainerSample& into);
    [[nodiscard]] const std::shared_ptr<const ContainerCgroup>& identity() const {
        return identity_;
    }

private:
    Node* node_;
    std::shared_ptr<const ContainerCgroup> identity_;
    UsageReader usage_;
    Reading<Bytes> workingSet_ = std::unexpected(Unknown::notYet);
    bool hasWorkingSet_ = false;
};

class PodReader {
public:
    using Node = cgroup::PodNode;
    explicit PodReader(Node& node) : node_(&node), identity_(node.identity) {}

    void follow(Node& node);
    bool read(Pass& pass, PodSample& into);
    [[nodiscard]] const std::shared_ptr<const PodCgroup>& identity() const { return identity_; }

private:
    void readLimits(int directory, Pass& pass, PodSample& into);
    void readContainers(Pass& pass, PodSample& into);

    Node* node_;
    std::shared_ptr<const PodCgroup> identity_;
    UsageReader usage_;
    cgroup::KeptFile cpuMax_{"cpu.max"};
    cgroup::KeptFile memoryHigh_{"memory.high"};
    cgroup::KeptFile memoryEvents_{"memory.events"};
    CounterRate highEvents_;
    PressureReader pressure_{"cpu.pressure", "memory.pressure", "io.pressure"};
    std::vector<ContainerReader> containers_;
};

/// Brings readers in line with the tree after a change. Both are ordered by path; who stays keeps
/// its open files and its last sample.
template <class Reader, class Nodes>
void followNodes(std::vector<Reader>& readers, Nodes&& nodes) {
    std::vector<Reader> next;
    next.reserve(std::size(nodes));
    auto old = readers.begin();
    for (auto&& node : nodes) {
        const CgroupPath& path = node->identity->cgroup.path;
        while (old != readers.end() && old->identity()->cgroup.path < path) {
            ++old;
        }
        if (old != readers.end() && old->identity() == node->identity) {
            next.push_back(std::move(*old++));
        } else {
            next.emplace_back(*node);
        }
        next.back().follow(*node);
    }
    readers = std::move(next);
}

} // namespace plimsoll::collector
