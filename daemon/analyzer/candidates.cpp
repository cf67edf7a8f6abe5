// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/candidates.hpp"

#include <cmath>
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

CandidateRank rankOf(const CandidateFacts& facts) {
    return {.numbers = {facts.elasticCpu.value > 0 ? 0 : 1, facts.priority,
                        static_cast<std::int64_t>(facts.qosClass),
                        -onGrid(facts.usage.value / 1000), elasticShare(facts), -youth(facts)},
            .name = facts.name,
            .path = facts.path};
}

bool isTouchedBefore(const CandidateFacts& a, const CandidateFacts& b) {
    return rankOf(a) < rankOf(b);
}

} // namespace plimsoll::analyzer
