// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/pod_reader.hpp"

#include "daemon/model/cpu_max.hpp"

#include <cstdint>
#include <utility>

namespace plimsoll::collector {
namespace {

/// Copying a shared_ptr is two atomic operations; from tick to tick it is nearly always the same.
template <class T>
void assignIfOther(std::shared_ptr<const T>& to, const std::shared_ptr<const T>& from) {
    if (to != from) {
        to = from;
    }
}

// memory.stat is by far the dearest file: 6 µs, most of it formatting, where cpu.stat takes 1 and
// cpu.max 0.6. Pods are read every tick. A node has three times as many containers, nothing is
// decided on their memory, and so each has its turn every eighth tick: with 110 pods of three
// containers that is 2 ms a tick less, of 4. (The flush of statistics that memory.stat may need on
// a busy node, cpu.stat has just done.)
constexpr std::uint64_t kContainerMemoryEvery = 8;

/// A directory that could not be opened (too many open files, no permission).
template <class Sample>
void markUnreadable(Sample& sample, int error, Pass& pass) {
    sample.cpuUsage = std::unexpected(Unknown::unreadable);
    sample.memoryWorkingSet = std::unexpected(Unknown::unreadable);
    ++pass.unreadable;
    pass.error = error;
}

} // namespace

std::optional<Reading<Millicores>> UsageReader::readCpu(int directory, Pass& pass) {
    const auto stat = readFile(cpuStat_, directory, pass, cgroup::parseCpuStat);
    if (!stat) {
        if (stat.error() == cgroup::ReadFailure::gone) {
            return std::nullopt;
        }
        return std::unexpected(unknownFrom(stat.error()));
    }
    const Reading<double> rate = cpu_.update(stat->usageMicroseconds, pass.now);
    if (!rate) {
        return std::unexpected(rate.error());
    }
    return Millicores{*rate / 1000}; // a CPU does 10^6 µs in a second
}

Reading<Bytes> UsageReader::readWorkingSet(int directory, Pass& pass) {
    const auto current = readFile(memoryCurrent_, directory, pass, cgroup::parseNumber);
    if (!current) {
        return std::unexpected(unknownFrom(current.error()));
    }
    const auto inactive = readFile(memoryStat_, directory, pass, cgroup::parseInactiveFile);
    if (!inactive) {
        return std::unexpected(unknownFrom(inactive.error()));
    }
    // Two reads are two moments: page cache may have grown in between.
    return Bytes{*current > *inactive ? static_cast<double>(*current - *inactive) : 0.0};
}

bool ContainerReader::read(Pass& pass, ContainerSample& into) {
    if (node_->gone) {
        return false;
    }
    assignIfOther(into.container, identity_);
    const int directory = node_->directory.descriptor();
    if (directory < 0) {
        markUnreadable(into, node_->openError, pass);
        return true;
    }
    const auto cpu = usage_.readCpu(directory, pass);
    if (!cpu) {
        node_->gone = true;
        return false;
    }
    into.cpuUsage = *cpu;
    // The inode spreads the containers over the ticks.
    const bool turn = (pass.tick + identity_->cgroup.inode) % kContainerMemoryEvery == 0;
    if (turn || !std::exchange(hasWorkingSet_, true)) {
        workingSet_ = usage_.readWorkingSet(directory, pass);
    }
    into.memoryWorkingSet = workingSet_;
    return true;
}

void PodReader::follow(Node& node) {
    node_ = &node;
    followNodes(containers_, node.containers);
}

bool PodReader::read(Pass& pass, PodSample& into) {
    if (node_->gone) {
        return false;
    }
    assignIfOther(into.pod, identity_);
    const int directory = node_->directory.descriptor();
    if (directory < 0) {
        markUnreadable(into, node_->openError, pass);
        into.cpuMax = std::unexpected(Unknown::unreadable);
        into.pressure.cpu = into.pressure.memory = into.pressure.io =
            std::unexpected(Unknown::unreadable);
        into.containers.clear();
        return true;
    }
    const auto cpu = usage_.readCpu(directory, pass);
    if (!cpu) {
        node_->gone = true;
        return false;
    }
    into.cpuUsage = *cpu;
    into.cpuMax = toReading(readFile(cpuMax_, directory, pass, parseCpuMax));
    into.memoryWorkingSet = usage_.readWorkingSet(directory, pass);
    pressure_.read(directory, pass, into.pressure);

    std::size_t count = 0;
    into.containers.resize(containers_.size());
    for (ContainerReader& container : containers_) {
        count += container.read(pass, into.containers[count]) ? 1U : 0U;
    }
    into.containers.resize(count);
    return true;
}

} // namespace plimsoll::collector
