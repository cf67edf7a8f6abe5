// SPDX-License-Identifier: Apache-2.0
// What a rule can watch, and what acting on it can do. The built-in metrics are a table
// (builtin_metrics.cpp); custom ones are the same structure, made from MetricSpec.
#pragma once

#include "daemon/model/metric_spec.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"
#include "daemon/model/verdict.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::analyzer {

/// What the series of a metric are about. It says which of the readers of Metric is set.
enum class Subject : std::uint8_t {
    node,      ///< one series without labels
    disk,      ///< one a block device, label diskName
    interface, ///< one a network interface, label NetInterface
    pod,       ///< one a pod, labelled with what the pod is and with its own labels
    policy,    ///< known from the objects alone
    custom,    ///< whatever was delivered
};

/// The labels of a series that is not a pod's. Crane's names.
inline constexpr std::string_view kDiskLabel = "diskName";
inline constexpr std::string_view kInterfaceLabel = "NetInterface";

struct Metric {
    std::string name;
    std::string unit;
    Subject subject = Subject::node;
    Reading<double> (*ofNode)(const NodeSample&) = nullptr;
    Reading<double> (*ofDisk)(const DiskSample&) = nullptr;
    Reading<double> (*ofInterface)(const InterfaceSample&) = nullptr;
    Reading<double> (*ofPod)(const PodSample&) = nullptr;

    // What lowers it.
    bool byCpuThrottle = false;
    bool byMemoryThrottle = false;
    bool byEviction = false;
    /// And by how much is known beforehand.
    bool throttleQuantified = false;
    bool evictQuantified = false;
    ReleaseUnit releaseUnit = ReleaseUnit::millicores;
    /// used - watermark, as what has to be released; none when the node's size is unknown.
    std::optional<double> (*toRelease)(double used, double watermark, const NodeSample&) = nullptr;
    double releasePerUnit = 1; ///< a factor on toRelease, for custom metrics

    /// How long it takes until a change shows in the value: averages lag.
    std::chrono::seconds settling{0};

    /// 0 to 10, higher acts first. What cannot be squeezed (memory) hurts sooner than what can.
    unsigned actionPriority = 5;
    std::vector<SortKey> order;

    [[nodiscard]] bool throttleable() const { return byCpuThrottle || byMemoryThrottle; }
};

/// Ordered by name.
const std::vector<Metric>& builtinMetrics();

/// Other names of built-in metrics: Crane's, where they say something else than the value is.
struct MetricAlias {
    std::string_view alias;
    std::string_view name;
};
std::span<const MetricAlias> metricAliases();

/// By name or alias; none: there is no built-in metric of that name.
const Metric* findBuiltinMetric(std::string_view name);

/// The built-in metric that was perhaps meant; empty: none is near. For messages.
std::string_view nearestBuiltinMetric(std::string_view name);

/// A metric that is delivered at run time, with what the operator said of it.
Metric customMetric(const MetricSpec& spec);

/// What a metric is that nobody said anything of: any lever may lower it, nobody knows by how much.
Metric unknownMetric(std::string name);

/// The order of Crane's general sorter.
const std::vector<SortKey>& generalOrder();

/// (1 + excess)·(used - watermark) in the metric's release unit: positive has to go, negative may
/// come back. None where no step is quantified, and where the node's size is unknown.
std::optional<Gap> gapOf(const Metric& metric, double used, double watermark, double excess,
                         const NodeSample& node);

} // namespace plimsoll::analyzer
