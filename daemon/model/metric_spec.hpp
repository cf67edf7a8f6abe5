// SPDX-License-Identifier: Apache-2.0
// What an operator says of a custom metric ([metric."NAME"] of plimsolld.toml): what may be done
// about it, and in which order.
#pragma once

#include "daemon/model/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// By what candidates are compared; the first that tells two apart decides. Each puts in front who
/// is touched first. Namespace/name ends every order.
enum class SortKey : std::uint8_t {
    useElasticResource, ///< users of gocrane.io/cpu or gocrane.io/memory first
    priority,           ///< lower first
    podQosClass,        ///< BestEffort, Burstable, Guaranteed
    cpuUsage,           ///< larger first
    memoryUsage,        ///< larger working set first
    extCpuUsage,        ///< larger share of its gocrane.io/cpu first
    extMemoryUsage,     ///< larger share of its gocrane.io/memory first
    metricValue,        ///< larger value of the pod's own series of the rule's metric first
    runningTime,        ///< youngest first
};
/// "UseElasticResource", "Priority", "PodQOSClass", "CpuUsage", "MemoryUsage", "ExtCpuUsage",
/// "ExtMemoryUsage", "MetricValue", "RunningTime": the names of Crane's comparators where it has
/// them.
std::string_view name(SortKey key);
std::optional<SortKey> sortKeyFromName(std::string_view text);
std::vector<std::string_view> sortKeyNames();

/// So much has to be released of a resource for each unit of the metric above its watermark.
struct Conversion {
    ReleaseUnit unit = ReleaseUnit::millicores;
    double perUnit = 1;
    friend bool operator==(const Conversion&, const Conversion&) = default;
};

struct MetricSpec {
    std::string name;
    std::string unit;            ///< shown, nothing else; empty: none
    unsigned actionPriority = 5; ///< 0 to 10; of several metrics the highest decides the order
    std::vector<SortKey> order;  ///< empty: the general order
    bool throttleable = true;    ///< cpuThrottle or memoryThrottle can lower it
    bool evictable = true;       ///< eviction can lower it
    /// None: how much a step lowers it is not known, so a few pods are touched at a time. The two
    /// flags switch the use of it off for one kind of step.
    std::optional<Conversion> conversion;
    bool throttleQuantified = true;
    bool evictQuantified = true;
    /// RFC 6901 pointer into a probe's JSON answer; empty: the metric's name, dots between members.
    std::string jsonPointer;
    friend bool operator==(const MetricSpec&, const MetricSpec&) = default;
};

} // namespace plimsoll
