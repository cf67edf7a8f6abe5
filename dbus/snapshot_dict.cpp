// SPDX-License-Identifier: Apache-2.0
#include "dbus/snapshot_dict.hpp"

#include "daemon/model/verdict.hpp"
#include "dbus/object_path.hpp"

#include <chrono>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::dbus {

namespace {

using Dicts = std::vector<Dict>;

const char* reason(Unknown unknown) {
    switch (unknown) {
    case Unknown::notYet: return "not-yet";
    case Unknown::missing: return "missing";
    case Unknown::unreadable: return "unreadable";
    case Unknown::reset: return "reset";
    case Unknown::stale: return "stale";
    }
    return "missing";
}

template <class T>
sdbus::Variant variant(const T& value) {
    return sdbus::Variant{value};
}

template <class Unit>
sdbus::Variant toVariant(const Amount<Unit>& amount) {
    return variant(amount.value);
}

sdbus::Variant toVariant(double value) {
    return variant(value);
}

sdbus::Variant toVariant(const CpuMax& limit) {
    return variant(formatCpuMax(limit));
}

sdbus::Variant toVariant(const MemoryHigh& limit) {
    return variant(formatLimit(limit));
}

sdbus::Variant toVariant(const LoadSample& load) {
    return variant(Dict{{"Avg1", variant(load.over1)},
                        {"Avg5", variant(load.over5)},
                        {"Avg15", variant(load.over15)}});
}

void addLine(Dict& out, const std::string& kind, const PressureLine& line) {
    out.emplace(kind + "Avg10", variant(line.avg10));
    out.emplace(kind + "Avg60", variant(line.avg60));
    out.emplace(kind + "Avg300", variant(line.avg300));
    out.emplace(kind + "TotalUSec", variant(line.totalMicroseconds));
}

sdbus::Variant toVariant(const Pressure& pressure) {
    Dict out;
    addLine(out, "Some", pressure.some);
    if (pressure.full)
        addLine(out, "Full", *pressure.full);
    return variant(out);
}

/// A dictionary of readings; those without a value end under "Unknown".
class Readings {
public:
    template <class T>
    void add(const char* key, const Reading<T>& reading) {
        if (reading)
            out_.emplace(key, toVariant(*reading));
        else
            unknown_.emplace(key, reason(reading.error()));
    }
    void add(const PressureSet& pressure) {
        add("CpuPressure", pressure.cpu);
        add("MemoryPressure", pressure.memory);
        add("IoPressure", pressure.io);
    }
    void add(const StalledSet& stalled) {
        add("CpuSomeStalled", stalled.cpuSome);
        add("CpuFullStalled", stalled.cpuFull);
        add("MemorySomeStalled", stalled.memorySome);
        add("MemoryFullStalled", stalled.memoryFull);
        add("IoSomeStalled", stalled.ioSome);
        add("IoFullStalled", stalled.ioFull);
    }
    template <class T>
    void addPlain(const char* key, const T& value) {
        out_.emplace(key, variant(value));
    }
    Dict take() {
        if (!unknown_.empty())
            out_.emplace("Unknown", variant(unknown_));
        return std::move(out_);
    }

private:
    Dict out_;
    std::map<std::string, std::string> unknown_;
};

/// More than any node has that is not about to fall over.
constexpr std::ptrdiff_t kMostDevices = 256;

Dicts diskDicts(const std::vector<DiskSample>& disks) {
    Dicts all;
    for (const auto& disk : disks | std::views::take(kMostDevices)) {
        Readings out;
        out.addPlain("Name", disk.name);
        out.add("ReadKiBps", disk.readKibps);
        out.add("WriteKiBps", disk.writeKibps);
        out.add("ReadIops", disk.readIops);
        out.add("WriteIops", disk.writeIops);
        out.add("Utilization", disk.utilization);
        all.push_back(out.take());
    }
    return all;
}

Dicts interfaceDicts(const std::vector<InterfaceSample>& interfaces) {
    Dicts all;
    for (const auto& interface : interfaces | std::views::take(kMostDevices)) {
        Readings out;
        out.addPlain("Name", interface.name);
        out.add("ReceiveKbps", interface.receiveKbps);
        out.add("SendKbps", interface.sendKbps);
        out.add("ReceivePackets", interface.receivePackets);
        out.add("SendPackets", interface.sendPackets);
        out.add("ReceiveDrops", interface.receiveDrops);
        out.add("SendDrops", interface.sendDrops);
        all.push_back(out.take());
    }
    return all;
}

std::uint32_t seriesCount(const CustomSamples& custom) {
    std::size_t count = 0;
    for (const auto& metric : custom.metrics)
        count += metric.series.size();
    return static_cast<std::uint32_t>(count);
}

Dict nodeDict(const NodeSample& node) {
    Readings out;
    out.addPlain("OnlineCpus", static_cast<std::uint32_t>(node.onlineCpus));
    out.add("CpuUsage", node.cpuUsage);
    out.add("CpuUtilization", node.cpuUtilization);
    out.add("CpuIowait", node.cpuIowait);
    out.add("CpuSteal", node.cpuSteal);
    out.add("MemoryTotal", node.memoryTotal);
    out.add("MemoryUsage", node.memoryUsage);
    out.add("MemoryUtilization", node.memoryUtilization);
    out.add("Load", node.load);
    out.add(node.pressure);
    out.add(node.stalled);
    out.addPlain("Disks", diskDicts(node.disks));
    out.addPlain("Interfaces", interfaceDicts(node.interfaces));
    return out.take();
}

Dicts containerDicts(const std::vector<ContainerSample>& containers) {
    Dicts all;
    all.reserve(containers.size());
    for (const auto& container : containers) {
        Readings out;
        out.addPlain("Id", container.container->id.value);
        out.add("CpuUsage", container.cpuUsage);
        out.add("MemoryWorkingSet", container.memoryWorkingSet);
        all.push_back(out.take());
    }
    return all;
}

Dict podDict(const PodSample& pod, const std::string& name) {
    Readings out;
    out.addPlain("Path", sdbus::ObjectPath{podPath(pod.pod->uid)});
    out.addPlain("Uid", pod.pod->uid.value);
    out.addPlain("Cgroup", pod.pod->cgroup.path.value);
    if (!name.empty())
        out.addPlain("Pod", name);
    out.add("CpuUsage", pod.cpuUsage);
    out.add("MemoryWorkingSet", pod.memoryWorkingSet);
    out.add("CpuMax", pod.cpuMax);
    out.add("CpuThrottled", pod.cpuThrottled);
    out.add("MemoryCurrent", pod.memoryCurrent);
    out.add("MemoryHigh", pod.memoryHigh);
    out.add("MemoryHighEvents", pod.memoryHighEvents);
    out.add(pod.pressure);
    out.add(pod.stalled);
    out.addPlain("Containers", containerDicts(pod.containers));
    return out.take();
}

} // namespace

Dict snapshotDict(const Snapshot& snapshot, std::span<const PodStatus> pods) {
    Dicts all;
    all.reserve(snapshot.pods.size());
    for (std::size_t i = 0; i < snapshot.pods.size(); ++i)
        all.push_back(podDict(snapshot.pods[i], i < pods.size() ? pods[i].podName : std::string()));

    Dict out;
    out.emplace("Tick", variant(snapshot.tick));
    out.emplace("MonotonicUSec",
                variant(static_cast<std::uint64_t>(
                    std::chrono::floor<std::chrono::microseconds>(snapshot.at.time_since_epoch())
                        .count())));
    out.emplace("Node", variant(nodeDict(snapshot.node)));
    out.emplace("Pods", variant(all));
    out.emplace("CustomSeries", variant(seriesCount(*snapshot.custom)));
    return out;
}

} // namespace plimsoll::dbus
