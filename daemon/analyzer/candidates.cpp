// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plimsoll::analyzer {
namespace {

/// Values that differ by no more than 1e-9 are equal. Comparing differences would not be transitive
/// (a = b, b = c, a < c), and sorting by it undefined; a grid is. What does not fit on it (more
/// than nine thousand million cores) is the largest.
std::int64_t onGrid(double value) {
    constexpr double kGrid = 1e9;
    constexpr double kLargest = 9e18;
    return std::llround(std::clamp(value * kGrid, -kLargest, kLargest));
}

/// Of what the pod stated; users of no elastic resource have no share.
template <class Unit>
std::int64_t elasticShare(Amount<Unit> usage, Amount<Unit> elastic) {
    return elastic.value > 0 ? onGrid(usage / elastic) : 0;
}

/// Larger is younger; without a start time a pod has not even begun.
std::int64_t youth(const CandidateFacts& facts) {
    return facts.startTime.value_or(std::numeric_limits<std::int64_t>::max());
}

std::int64_t numberOf(const CandidateFacts& facts, SortKey key) {
    switch (key) {
    case SortKey::useElasticResource: return facts.usesElastic() ? 0 : 1;
    case SortKey::priority: return facts.priority;
    case SortKey::podQosClass: return static_cast<std::int64_t>(facts.qosClass);
    case SortKey::cpuUsage: return -onGrid(facts.usage.cpu.value / 1000);
    case SortKey::memoryUsage: return -std::llround(facts.usage.memory.value);
    case SortKey::extCpuUsage: return -elasticShare(facts.usage.cpu, facts.elasticCpu);
    case SortKey::extMemoryUsage: return -elasticShare(facts.usage.memory, facts.elasticMemory);
    case SortKey::metricValue: return -onGrid(facts.metricValue);
    case SortKey::runningTime: return -youth(facts);
    }
    return 0;
}

} // namespace

std::string exemption(const Pod& pod) {
    if (pod.mirror) {
        return "static pod: it belongs to the kubelet, not to the cluster";
    }
    if (pod.priority >= kCriticalPriority) {
        return "critical: priority " + std::to_string(pod.priority) + " is " +
               std::to_string(kCriticalPriority) + " or higher";
    }
    if (pod.daemonSet) {
        return "belongs to a DaemonSet";
    }
    if (pod.terminating) {
        return "is terminating";
    }
    if (pod.phase == PodPhase::succeeded || pod.phase == PodPhase::failed) {
        return "has finished";
    }
    return {};
}

CandidateRank rankOf(const CandidateFacts& facts, std::span<const SortKey> order) {
    CandidateRank rank{.name = facts.name, .path = facts.path};
    const auto used = std::min(order.size(), CandidateRank::kMostKeys);
    for (std::size_t i = 0; i < used; ++i) {
        rank.numbers[i] = numberOf(facts, order[i]);
    }
    return rank;
}

} // namespace plimsoll::analyzer
