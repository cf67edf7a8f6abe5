// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/candidates.hpp"

#include <cmath>
#include <compare>
#include <limits>

namespace plimsoll::analyzer {
namespace {

/// Values that differ by no more than 1e-9 cores are equal. Comparing differences would not be
/// transitive (a = b, b = c, a < c), and sorting by it undefined; a grid is.
std::int64_t onGrid(double cores) {
    return std::llround(cores * 1e9);
}

std::int64_t elasticShare(const CandidateFacts& facts) {
    return facts.elasticCpu.value > 0 ? onGrid(facts.usage / facts.elasticCpu) : 0;
}

/// Larger is younger; without a start time a pod has not even begun.
std::int64_t youth(const CandidateFacts& facts) {
    return facts.startTime.value_or(std::numeric_limits<std::int64_t>::max());
}

std::strong_ordering order(const CandidateFacts& a, const CandidateFacts& b) {
    if (const auto elastic = (b.elasticCpu.value > 0) <=> (a.elasticCpu.value > 0); elastic != 0) {
        return elastic;
    }
    if (const auto priority = a.priority <=> b.priority; priority != 0) {
        return priority;
    }
    if (const auto qosClass = a.qosClass <=> b.qosClass; qosClass != 0) {
        return qosClass;
    }
    if (const auto usage = onGrid(b.usage.value / 1000) <=> onGrid(a.usage.value / 1000);
        usage != 0) {
        return usage;
    }
    if (const auto share = elasticShare(a) <=> elasticShare(b); share != 0) {
        return share;
    }
    if (const auto age = youth(b) <=> youth(a); age != 0) {
        return age;
    }
    if (const auto name = a.name <=> b.name; name != 0) {
        return name;
    }
    return a.path <=> b.path;
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

bool isTouchedBefore(const CandidateFacts& a, const CandidateFacts& b) {
    return order(a, b) < 0;
}

} // namespace plimsoll::analyzer
