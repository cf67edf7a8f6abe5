// SPDX-License-Identifier: Apache-2.0
// The words of the enumerations, as D-Bus, the journal and the documents spell them.
#include "daemon/model/metric_spec.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/published.hpp"
#include "daemon/model/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::array<std::pair<SortKey, std::string_view>, 9> kSortKeys{{
    {SortKey::useElasticResource, "UseElasticResource"},
    {SortKey::priority, "Priority"},
    {SortKey::podQosClass, "PodQOSClass"},
    {SortKey::cpuUsage, "CpuUsage"},
    {SortKey::memoryUsage, "MemoryUsage"},
    {SortKey::extCpuUsage, "ExtCpuUsage"},
    {SortKey::extMemoryUsage, "ExtMemoryUsage"},
    {SortKey::metricValue, "MetricValue"},
    {SortKey::runningTime, "RunningTime"},
}};

} // namespace

std::string_view name(SortKey key) {
    return std::ranges::find(kSortKeys, key, &std::pair<SortKey, std::string_view>::first)->second;
}

std::optional<SortKey> sortKeyFromName(std::string_view text) {
    const auto found =
        std::ranges::find(kSortKeys, text, &std::pair<SortKey, std::string_view>::second);
    return found == kSortKeys.end() ? std::nullopt : std::optional(found->first);
}

std::vector<std::string_view> sortKeyNames() {
    std::vector<std::string_view> names;
    std::ranges::transform(kSortKeys, std::back_inserter(names),
                           &std::pair<SortKey, std::string_view>::second);
    return names;
}

std::string_view name(QosClass value) {
    switch (value) {
    case QosClass::bestEffort: return "BestEffort";
    case QosClass::burstable: return "Burstable";
    case QosClass::guaranteed: return "Guaranteed";
    case QosClass::unknown: break;
    }
    return "Unknown";
}

std::optional<QosClass> qosClassFromName(std::string_view text) {
    for (const auto value : {QosClass::bestEffort, QosClass::burstable, QosClass::guaranteed}) {
        if (text == name(value)) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view name(VerdictKind kind) {
    switch (kind) {
    case VerdictKind::idle: return "idle";
    case VerdictKind::rising: return "rising";
    case VerdictKind::avoiding: return "avoiding";
    case VerdictKind::recovering: return "recovering";
    case VerdictKind::coolingDown: return "cooling-down";
    case VerdictKind::unknown: return "unknown";
    case VerdictKind::invalid: return "invalid";
    }
    return "invalid";
}

std::string Verdict::text() const {
    std::string result(name(kind));
    if (kind == VerdictKind::rising || kind == VerdictKind::recovering) {
        result += ' ' + std::to_string(count) + '/' + std::to_string(of);
    }
    return result;
}

std::string_view name(StepKind kind) {
    switch (kind) {
    case StepKind::throttle: return "throttle";
    case StepKind::restore: return "restore";
    case StepKind::undo: return "undo";
    case StepKind::reapply: return "reapply";
    case StepKind::yield: return "yield";
    case StepKind::reclaim: return "reclaim";
    case StepKind::evict: return "evict";
    case StepKind::closeNode: return "disable-scheduling";
    case StepKind::openNode: return "enable-scheduling";
    }
    return "undo";
}

std::string_view name(Disposition disposition) {
    switch (disposition) {
    case Disposition::act: return "act";
    case Disposition::preview: return "preview";
    case Disposition::unavailable: return "unavailable";
    }
    return "unavailable";
}

std::string_view name(Lever lever) {
    switch (lever) {
    case Lever::cpuMax: return "cpu.max";
    case Lever::memoryHigh: return "memory.high";
    case Lever::memoryReclaim: return "memory.reclaim";
    case Lever::eviction: return "eviction";
    case Lever::scheduling: return "scheduling";
    }
    return "scheduling";
}

std::string_view name(ReleaseUnit unit) {
    return unit == ReleaseUnit::millicores ? "millicores" : "bytes";
}

std::string_view name(ClusterStatus::State state) {
    using enum ClusterStatus::State;
    switch (state) {
    case off: return "off";
    case noCluster: return "no-cluster";
    case unreachable: return "unreachable";
    case incomplete: return "incomplete";
    case mirrored: return "mirrored";
    }
    return "off";
}

std::string_view name(NodeClosure::State state) {
    switch (state) {
    case NodeClosure::State::unknown: break;
    case NodeClosure::State::open: return "open";
    case NodeClosure::State::ours: return "closed";
    case NodeClosure::State::foreigns: return "closed-by-others";
    }
    return "unknown";
}

std::string_view name(Mode mode) {
    switch (mode) {
    case Mode::starting: return "starting";
    case Mode::watching: return "watching";
    case Mode::avoiding: return "avoiding";
    case Mode::refusing: return "refusing";
    }
    return "starting";
}

} // namespace plimsoll
