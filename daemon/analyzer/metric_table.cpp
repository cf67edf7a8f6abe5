// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/metric_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

template <auto Member>
Reading<double> ofNode(const Snapshot& snapshot) {
    const auto& reading = snapshot.node.*Member;
    if (!reading) {
        return std::unexpected(reading.error());
    }
    return reading->value;
}

std::optional<double> sameUnit(double used, double watermark, const Snapshot&) {
    return used - watermark;
}

/// One percent of n CPUs is 10·n millicores.
std::optional<double> percentOfCpus(double used, double watermark, const Snapshot& snapshot) {
    if (snapshot.node.onlineCpus == 0) {
        return std::nullopt;
    }
    return (used - watermark) * 10.0 * snapshot.node.onlineCpus;
}

std::optional<double> percentOfMemory(double used, double watermark, const Snapshot& snapshot) {
    if (!snapshot.node.memoryTotal) {
        return std::nullopt;
    }
    return (used - watermark) / 100.0 * snapshot.node.memoryTotal->value;
}

constexpr std::array kMetrics{
    Metric{.name = "cpu_total_usage",
           .unit = "millicores",
           .read = ofNode<&NodeSample::cpuUsage>,
           .throttleable = true,
           .throttleQuantified = true,
           .releaseUnit = ReleaseUnit::millicores,
           .toRelease = sameUnit,
           .actionPriority = 5},
    Metric{.name = "cpu_total_utilization",
           .unit = "percent",
           .read = ofNode<&NodeSample::cpuUtilization>,
           .throttleable = true,
           .throttleQuantified = true,
           .releaseUnit = ReleaseUnit::millicores,
           .toRelease = percentOfCpus,
           .actionPriority = 5},
    Metric{.name = "memory_total_usage",
           .unit = "bytes",
           .read = ofNode<&NodeSample::memoryUsage>,
           .releaseUnit = ReleaseUnit::bytes,
           .toRelease = sameUnit,
           .actionPriority = 8},
    Metric{.name = "memory_total_utilization",
           .unit = "percent",
           .read = ofNode<&NodeSample::memoryUtilization>,
           .releaseUnit = ReleaseUnit::bytes,
           .toRelease = percentOfMemory,
           .actionPriority = 8},
};

} // namespace

std::span<const Metric> metricTable() {
    return kMetrics;
}

const Metric* findMetric(std::string_view name) {
    const auto found = std::ranges::find(kMetrics, name, &Metric::name);
    return found == kMetrics.end() ? nullptr : &*found;
}

std::string knownMetrics() {
    std::string names;
    for (const auto& metric : kMetrics) {
        names += names.empty() ? "" : ", ";
        names += metric.name;
    }
    return names;
}

std::optional<double> valueOf(const Metric& metric, const Snapshot& snapshot) {
    const auto reading = metric.read(snapshot);
    if (!reading || !std::isfinite(*reading)) {
        return std::nullopt;
    }
    return *reading;
}

std::optional<Millicores> throttleGap(const Metric& metric, double used, double watermark,
                                      double excess, const Snapshot& snapshot) {
    if (!metric.throttleQuantified || metric.releaseUnit != ReleaseUnit::millicores) {
        return std::nullopt;
    }
    const auto distance = metric.toRelease(used, watermark, snapshot);
    if (!distance) {
        return std::nullopt;
    }
    return Millicores{*distance * (1.0 + excess)};
}

} // namespace plimsoll::analyzer
