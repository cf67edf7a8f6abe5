// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/pod_reader.hpp"

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/limit.hpp"

#include <cstdint>
#include <string_view>
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

// A directory that could not be opened (too many open files, no permission): nothing is known.

void setUnknown(ContainerSample& container, Unknown why) {
    container.cpuUsage = std::unexpected(why);
    container.memoryWorkingSet = std::unexpected(why);
}

void setUnknown(PodSample& pod, Unknown why) {
    pod.cpuUsage = std::unexpected(why);
    pod.memoryWorkingSet = pod.memoryCurrent = std::unexpected(why);
    pod.cpuMax = std::unexpected(why);
    pod.cpuThrottled = std::unexpected(why);
    pod.memoryHigh = std::unexpected(why);
    pod.memoryHighEvents = std::unexpected(why);
    pod.pressure.cpu = pod.pressure.memory = pod.pressure.io = std::unexpected(why);
    StalledSet& stalled = pod.stalled;
    stalled.cpuSome = stalled.cpuFull = std::unexpected(why);
    stalled.memorySome = stalled.memoryFull = std::unexpected(why);
    stalled.ioSome = stalled.ioFull = std::unexpected(why);
    pod.containers.clear();
}

template <class Sample>
void markUnreadable(Sample& sample, int error, Pass& pass) {
    setUnknown(sample, Unknown::unreadable);
    ++pass.unreadable;
    pass.error = error;
}

std::optional<MemoryHigh> parseMemoryHigh(std::string_view text) {
    const auto limit = parseLimit(Lever::memoryHigh, text);
    return limit ? std::optional(limit->memoryHigh()) : std::nullopt;
}

} // namespace

std::optional<UsageReader::Cpu> UsageReader::readCpu(int directory, Pass& pass) {
    const auto stat = readFile(cpuStat_, directory, pass, cgroup::parseCpuStat);
    if (!stat) {
        if (stat.error() == cgroup::ReadFailure::gone) {
            return std::nullopt;
        }
        const Unknown why = unknownFrom(stat.error());
        return Cpu{.usage = std::unexpected(why), .throttled = std::unexpected(why)};
    }
    Cpu cpu{.throttled = throttled_.update(*stat)};
    if (const auto rate = cpu_.update(stat->usageMicroseconds, pass.now)) {
        cpu.usage = Millicores{*rate / 1000}; // a CPU does 10^6 µs in a second
    } else {
        cpu.usage = std::unexpected(rate.error());
    }
    return cpu;
}

UsageReader::Memory UsageReader::readMemory(int directory, Pass& pass) {
    const auto current = readFile(memoryCurrent_, directory, pass, cgroup::parseNumber);
    if (!current) {
        const Unknown why = unknownFrom(current.error());
        return {.current = std::unexpected(why), .workingSet = std::unexpected(why)};
    }
    Memory memory{.current = Bytes{static_cast<double>(*current)}};
    const auto inactive = readFile(memoryStat_, directory, pass, cgroup::parseInactiveFile);
    if (!inactive) {
        memory.workingSet = std::unexpected(unknownFrom(inactive.error()));
        return memory;
    }
    // Two reads are two moments: page cache may have grown in between.
    memory.workingSet =
        Bytes{*current > *inactive ? static_cast<double>(*current - *inactive) : 0.0};
    return memory;
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
    into.cpuUsage = cpu->usage;
    // The inode spreads the containers over the ticks.
    const bool turn = (pass.tick + identity_->cgroup.inode) % kContainerMemoryEvery == 0;
    if (turn || !std::exchange(hasWorkingSet_, true)) {
        workingSet_ = usage_.readMemory(directory, pass).workingSet;
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
        return true;
    }
    const auto cpu = usage_.readCpu(directory, pass);
    if (!cpu) {
        node_->gone = true;
        return false;
    }
    into.cpuUsage = cpu->usage;
    into.cpuThrottled = cpu->throttled;
    const UsageReader::Memory memory = usage_.readMemory(directory, pass);
    into.memoryCurrent = memory.current;
    into.memoryWorkingSet = memory.workingSet;
    readLimits(directory, pass, into);
    pressure_.read(directory, pass, into.pressure, into.stalled);
    readContainers(pass, into);
    return true;
}

void PodReader::readLimits(int directory, Pass& pass, PodSample& into) {
    into.cpuMax = toReading(readFile(cpuMax_, directory, pass, parseCpuMax));
    into.memoryHigh = toReading(readFile(memoryHigh_, directory, pass, parseMemoryHigh));
    if (const auto events = readFile(memoryEvents_, directory, pass, cgroup::parseHighEvents)) {
        into.memoryHighEvents = highEvents_.update(*events, pass.now);
    } else {
        into.memoryHighEvents = std::unexpected(unknownFrom(events.error()));
    }
}

void PodReader::readContainers(Pass& pass, PodSample& into) {
    std::size_t count = 0;
    into.containers.resize(containers_.size());
    for (ContainerReader& container : containers_) {
        count += container.read(pass, into.containers[count]) ? 1U : 0U;
    }
    into.containers.resize(count);
}

} // namespace plimsoll::collector
