// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/metric_table.hpp"

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/model/suggest.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace plimsoll::analyzer {
namespace {

std::optional<double> difference(double used, double watermark, const NodeSample&) {
    return used - watermark;
}

} // namespace

const Metric* findBuiltinMetric(std::string_view name) {
    const auto aliases = metricAliases();
    const auto alias = std::ranges::find(aliases, name, &MetricAlias::alias);
    if (alias != aliases.end()) {
        name = alias->name;
    }
    const auto& metrics = builtinMetrics();
    const auto found = std::ranges::lower_bound(metrics, name, {}, &Metric::name);
    return found == metrics.end() || found->name != name ? nullptr : &*found;
}

bool isBuiltinMetric(std::string_view name) {
    return findBuiltinMetric(name) != nullptr;
}

std::string_view nearestBuiltinMetric(std::string_view name) {
    std::vector<std::string_view> names;
    std::ranges::transform(builtinMetrics(), std::back_inserter(names),
                           [](const Metric& metric) { return std::string_view(metric.name); });
    return suggestion(name, names);
}

Metric customMetric(const MetricSpec& spec) {
    auto metric = unknownMetric(spec.name);
    metric.unit = spec.unit;
    metric.byCpuThrottle = metric.byMemoryThrottle = spec.throttleable;
    metric.byEviction = spec.evictable;
    metric.actionPriority = spec.actionPriority;
    if (!spec.order.empty()) {
        metric.order = spec.order;
    }
    if (spec.conversion) {
        const bool isCpu = spec.conversion->unit == ReleaseUnit::millicores;
        metric.byCpuThrottle = spec.throttleable && isCpu;
        metric.byMemoryThrottle = spec.throttleable && !isCpu;
        metric.throttleQuantified = spec.throttleQuantified;
        metric.evictQuantified = spec.evictQuantified;
        metric.releaseUnit = spec.conversion->unit;
        metric.toRelease = difference;
        metric.releasePerUnit = spec.conversion->perUnit;
    }
    return metric;
}

Metric unknownMetric(std::string name) {
    return {.name = std::move(name),
            .subject = Subject::custom,
            .byCpuThrottle = true,
            .byMemoryThrottle = true,
            .byEviction = true,
            .order = generalOrder()};
}

const std::vector<SortKey>& generalOrder() {
    static const std::vector<SortKey> kOrder{SortKey::priority, SortKey::podQosClass,
                                             SortKey::cpuUsage, SortKey::runningTime};
    return kOrder;
}

std::optional<Gap> gapOf(const Metric& metric, double used, double watermark, double excess,
                         const NodeSample& node) {
    if (metric.toRelease == nullptr || !(metric.throttleQuantified || metric.evictQuantified)) {
        return std::nullopt;
    }
    const auto distance = metric.toRelease(used, watermark, node);
    if (!distance) {
        return std::nullopt;
    }
    return Gap{.unit = metric.releaseUnit,
               .amount = *distance * metric.releasePerUnit * (1.0 + excess)};
}

} // namespace plimsoll::analyzer
