// SPDX-License-Identifier: Apache-2.0
// The built-in metrics. README.md lists them with their units; a test compares the two.
#include "daemon/analyzer/metric_table.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace plimsoll::analyzer {
namespace {

using namespace std::chrono_literals;

// ---- reading ------------------------------------------------------------------------------------

double plain(double value) {
    return value;
}
template <class Unit>
double plain(Amount<Unit> value) {
    return value.value;
}

template <class T>
Reading<double> toNumber(const Reading<T>& reading) {
    if (!reading) {
        return std::unexpected(reading.error());
    }
    return plain(*reading);
}

template <auto Member>
Reading<double> ofNode(const NodeSample& node) {
    return toNumber(node.*Member);
}
template <auto Member>
Reading<double> ofDisk(const DiskSample& disk) {
    return toNumber(disk.*Member);
}
template <auto Member>
Reading<double> ofInterface(const InterfaceSample& interface) {
    return toNumber(interface.*Member);
}
template <auto Member>
Reading<double> ofPod(const PodSample& pod) {
    return toNumber(pod.*Member);
}

template <auto Minutes>
Reading<double> loadOf(const NodeSample& node) {
    if (!node.load) {
        return std::unexpected(node.load.error());
    }
    return (*node.load).*Minutes;
}

Reading<double> onlineCpus(const NodeSample& node) {
    if (node.onlineCpus == 0) {
        return std::unexpected(Unknown::missing);
    }
    return static_cast<double>(node.onlineCpus);
}

/// Node and pods have the same set.
template <auto Member, class Sample>
Reading<double> stalled(const Sample& sample) {
    return toNumber(sample.stalled.*Member);
}

template <auto Resource, bool IsFull, auto Average, class Sample>
Reading<double> averageOf(const Sample& sample) {
    const auto& pressure = sample.pressure.*Resource;
    if (!pressure) {
        return std::unexpected(pressure.error());
    }
    if (!IsFull) {
        return pressure->some.*Average;
    }
    const std::optional<PressureLine>& full = pressure->full;
    if (!full) {
        return std::unexpected(Unknown::missing);
    }
    return (*full).*Average;
}

/// Some task of the pod waited for a CPU (or for its quota), in microseconds of each second.
Reading<double> runQueueTime(const PodSample& pod) {
    constexpr double kMicrosecondsPerPercent = 10'000;
    const auto& waiting = pod.stalled.cpuSome;
    if (!waiting) {
        return std::unexpected(waiting.error());
    }
    return waiting->value * kMicrosecondsPerPercent;
}

// ---- what has to be released --------------------------------------------------------------------

std::optional<double> sameUnit(double used, double watermark, const NodeSample&) {
    return used - watermark;
}

/// One percent of n CPUs is 10·n millicores.
std::optional<double> percentOfCpus(double used, double watermark, const NodeSample& node) {
    if (node.onlineCpus == 0) {
        return std::nullopt;
    }
    return (used - watermark) * 10.0 * node.onlineCpus;
}

std::optional<double> percentOfMemory(double used, double watermark, const NodeSample& node) {
    if (!node.memoryTotal) {
        return std::nullopt;
    }
    return (used - watermark) / 100.0 * node.memoryTotal->value;
}

// ---- orders (Crane's sorters) -------------------------------------------------------------------

std::vector<SortKey> byCpu() {
    return {SortKey::useElasticResource, SortKey::priority,    SortKey::podQosClass,
            SortKey::cpuUsage,           SortKey::extCpuUsage, SortKey::runningTime};
}

std::vector<SortKey> byMemory() {
    return {SortKey::useElasticResource, SortKey::priority,       SortKey::podQosClass,
            SortKey::memoryUsage,        SortKey::extMemoryUsage, SortKey::runningTime};
}

// ---- kinds of metrics ---------------------------------------------------------------------------

/// CPU time that the pods give back one for one.
Metric cpu(Metric metric) {
    metric.byCpuThrottle = metric.byEviction = true;
    metric.throttleQuantified = metric.evictQuantified = true;
    metric.releaseUnit = ReleaseUnit::millicores;
    metric.order = byCpu();
    return metric;
}

/// Memory cannot be squeezed without end: it acts before CPU.
Metric memory(Metric metric) {
    metric.byMemoryThrottle = metric.byEviction = true;
    metric.throttleQuantified = metric.evictQuantified = true;
    metric.releaseUnit = ReleaseUnit::bytes;
    metric.actionPriority = 8;
    metric.order = byMemory();
    return metric;
}

/// Goes down with less CPU work, nobody knows by how much.
Metric crowdedCpu(Metric metric) {
    metric.byCpuThrottle = metric.byEviction = true;
    metric.order = byCpu();
    return metric;
}

Metric crowdedMemory(Metric metric) {
    metric.byMemoryThrottle = metric.byEviction = true;
    metric.actionPriority = 8;
    metric.order = byMemory();
    return metric;
}

Metric settlingIn(std::chrono::seconds settling, Metric metric) {
    metric.settling = settling;
    return metric;
}

/// Only the end of a pod lowers it for certain.
Metric evictableOnly(Metric metric) {
    metric.byEviction = true;
    metric.order = generalOrder();
    return metric;
}

// ---- pressure -----------------------------------------------------------------------------------

using Kind = Metric (*)(Metric);

Metric pressureOfNode(std::string name, Reading<double> (*read)(const NodeSample&), Kind kind) {
    return kind({.name = std::move(name), .unit = "percent", .ofNode = read});
}

Metric pressureOfPod(std::string name, Reading<double> (*read)(const PodSample&), Kind kind) {
    return kind({.name = "pod_" + std::move(name),
                 .unit = "percent",
                 .subject = Subject::pod,
                 .ofPod = read});
}

/// Of the last tick, and the kernel's averages; for the node and for each pod.
template <auto Stalled, auto Resource, bool IsFull>
void addPressure(std::vector<Metric>& table, const std::string& name, Kind kind) {
    constexpr auto kAvg10 = &PressureLine::avg10;
    constexpr auto kAvg60 = &PressureLine::avg60;
    table.push_back(pressureOfNode(name, stalled<Stalled, NodeSample>, kind));
    table.push_back(
        pressureOfNode(name + "_avg10", averageOf<Resource, IsFull, kAvg10, NodeSample>, kind));
    table.push_back(
        pressureOfNode(name + "_avg60", averageOf<Resource, IsFull, kAvg60, NodeSample>, kind));
    table.push_back(pressureOfPod(name, stalled<Stalled, PodSample>, kind));
    table.push_back(settlingIn(
        10s, pressureOfPod(name + "_avg10", averageOf<Resource, IsFull, kAvg10, PodSample>, kind)));
    table.push_back(settlingIn(
        60s, pressureOfPod(name + "_avg60", averageOf<Resource, IsFull, kAvg60, PodSample>, kind)));
}

void addAllPressure(std::vector<Metric>& table) {
    addPressure<&StalledSet::cpuSome, &PressureSet::cpu, false>(table, "cpu_pressure_some",
                                                                crowdedCpu);
    addPressure<&StalledSet::cpuFull, &PressureSet::cpu, true>(table, "cpu_pressure_full",
                                                               crowdedCpu);
    addPressure<&StalledSet::memorySome, &PressureSet::memory, false>(table, "memory_pressure_some",
                                                                      crowdedMemory);
    addPressure<&StalledSet::memoryFull, &PressureSet::memory, true>(table, "memory_pressure_full",
                                                                     crowdedMemory);
    addPressure<&StalledSet::ioSome, &PressureSet::io, false>(table, "io_pressure_some",
                                                              evictableOnly);
    addPressure<&StalledSet::ioFull, &PressureSet::io, true>(table, "io_pressure_full",
                                                             evictableOnly);
}

// ---- the table ----------------------------------------------------------------------------------

void addNode(std::vector<Metric>& table) {
    table.push_back(cpu({.name = "cpu_total_usage",
                         .unit = "millicores",
                         .ofNode = ofNode<&NodeSample::cpuUsage>,
                         .toRelease = sameUnit}));
    table.push_back(cpu({.name = "cpu_total_utilization",
                         .unit = "percent",
                         .ofNode = ofNode<&NodeSample::cpuUtilization>,
                         .toRelease = percentOfCpus}));
    table.push_back(memory({.name = "memory_total_usage",
                            .unit = "bytes",
                            .ofNode = ofNode<&NodeSample::memoryUsage>,
                            .toRelease = sameUnit}));
    table.push_back(memory({.name = "memory_total_utilization",
                            .unit = "percent",
                            .ofNode = ofNode<&NodeSample::memoryUtilization>,
                            .toRelease = percentOfMemory}));
    table.push_back(settlingIn(60s, crowdedCpu({.name = "cpu_load_1_min",
                                                .unit = "tasks",
                                                .ofNode = loadOf<&LoadSample::over1>})));
    table.push_back(settlingIn(300s, crowdedCpu({.name = "cpu_load_5_min",
                                                 .unit = "tasks",
                                                 .ofNode = loadOf<&LoadSample::over5>})));
    table.push_back(settlingIn(900s, crowdedCpu({.name = "cpu_load_15_min",
                                                 .unit = "tasks",
                                                 .ofNode = loadOf<&LoadSample::over15>})));
    table.push_back(evictableOnly(
        {.name = "cpu_iowait", .unit = "percent", .ofNode = ofNode<&NodeSample::cpuIowait>}));
    // What the hypervisor takes, and what the node has: facts for closing the node, no lever here.
    table.push_back(
        {.name = "cpu_steal", .unit = "percent", .ofNode = ofNode<&NodeSample::cpuSteal>});
    table.push_back({.name = "cpu_core_numbers", .unit = "cpus", .ofNode = onlineCpus});
    table.push_back(
        {.name = "memory_total", .unit = "bytes", .ofNode = ofNode<&NodeSample::memoryTotal>});
}

void addDisk(std::vector<Metric>& table, const char* name, const char* unit,
             Reading<double> (*read)(const DiskSample&)) {
    table.push_back(
        evictableOnly({.name = name, .unit = unit, .subject = Subject::disk, .ofDisk = read}));
}

void addInterface(std::vector<Metric>& table, const char* name, const char* unit,
                  Reading<double> (*read)(const InterfaceSample&)) {
    table.push_back(evictableOnly(
        {.name = name, .unit = unit, .subject = Subject::interface, .ofInterface = read}));
}

void addDevices(std::vector<Metric>& table) {
    addDisk(table, "disk_read_kibps", "KiB/s", ofDisk<&DiskSample::readKibps>);
    addDisk(table, "disk_write_kibps", "KiB/s", ofDisk<&DiskSample::writeKibps>);
    addDisk(table, "disk_read_iops", "1/s", ofDisk<&DiskSample::readIops>);
    addDisk(table, "disk_write_iops", "1/s", ofDisk<&DiskSample::writeIops>);
    addDisk(table, "disk_utilization", "percent", ofDisk<&DiskSample::utilization>);
    addInterface(table, "network_receive_kbps", "kbit/s",
                 ofInterface<&InterfaceSample::receiveKbps>);
    addInterface(table, "network_sent_kbps", "kbit/s", ofInterface<&InterfaceSample::sendKbps>);
    addInterface(table, "network_receive_packets", "1/s",
                 ofInterface<&InterfaceSample::receivePackets>);
    addInterface(table, "network_sent_packets", "1/s", ofInterface<&InterfaceSample::sendPackets>);
    addInterface(table, "network_receive_drops", "1/s",
                 ofInterface<&InterfaceSample::receiveDrops>);
    addInterface(table, "network_sent_drops", "1/s", ofInterface<&InterfaceSample::sendDrops>);
}

void addPods(std::vector<Metric>& table) {
    // What a pod uses is lowered only by acting on that very pod, and an action goes by the order
    // of its candidates: such a rule may say so, and close the node, and nothing else.
    table.push_back({.name = "pod_cpu_usage",
                     .unit = "millicores",
                     .subject = Subject::pod,
                     .ofPod = ofPod<&PodSample::cpuUsage>});
    table.push_back({.name = "pod_memory_working_set",
                     .unit = "bytes",
                     .subject = Subject::pod,
                     .ofPod = ofPod<&PodSample::memoryWorkingSet>});
    table.push_back(crowdedCpu({.name = "pod_run_queue_time",
                                .unit = "us/s",
                                .subject = Subject::pod,
                                .ofPod = runQueueTime}));
    // A pod that hits its own quota is helped by nothing that is done to others.
    table.push_back({.name = "pod_cpu_throttled",
                     .unit = "percent",
                     .subject = Subject::pod,
                     .ofPod = ofPod<&PodSample::cpuThrottled>});
    table.push_back({.name = "pod_memory_high_events",
                     .unit = "1/s",
                     .subject = Subject::pod,
                     .ofPod = ofPod<&PodSample::memoryHighEvents>});
    table.push_back(evictableOnly(
        {.name = "ext_cpu_total_distribute", .unit = "percent", .subject = Subject::policy}));
}

std::vector<Metric> makeTable() {
    std::vector<Metric> table;
    addNode(table);
    addDevices(table);
    addAllPressure(table);
    addPods(table);
    std::ranges::sort(table, {}, &Metric::name);
    return table;
}

// "disk_read_utilization" is the time with any I/O; "network_*_kibps" are kilobits.
constexpr MetricAlias kAliases[] = {
    {"disk_read_utilization", "disk_utilization"},
    {"network_receive_kibps", "network_receive_kbps"},
    {"network_sent_kibps", "network_sent_kbps"},
    {"network_receive_pckps", "network_receive_packets"},
    {"network_sent_pckps", "network_sent_packets"},
    {"network_drop_in", "network_receive_drops"},
    {"network_drop_out", "network_sent_drops"},
    {"container_sched_run_queue_time", "pod_run_queue_time"},
    {"container_mem_total_usage", "pod_memory_working_set"},
};

} // namespace

const std::vector<Metric>& builtinMetrics() {
    static const std::vector<Metric> kTable = makeTable();
    return kTable;
}

std::span<const MetricAlias> metricAliases() {
    return kAliases;
}

} // namespace plimsoll::analyzer
