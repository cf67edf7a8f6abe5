// SPDX-License-Identifier: Apache-2.0
// The policy objects joined and checked, so that a tick only looks things up.
#pragma once

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/analyzer/metric_table.hpp"
#include "daemon/analyzer/rule_machine.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/policy.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::analyzer {

struct CompiledPod {
    Pod pod;
    std::string fullName;
    std::string exemption; ///< empty: may be a candidate
    Millicores cpuRequest;
    std::optional<Millicores> cpuLimit;
    Millicores elasticCpu;
    Bytes memoryRequest;
    std::optional<Bytes> memoryLimit;
    Bytes elasticMemory;
};

struct CompiledAction {
    AvoidanceAction action;
    bool allowedSomewhere = false; ///< some PodQOS lists it
    std::vector<bool> selected;    ///< by pod: some PodQOS that lists it selects the pod
};

/// Which levers a rule moves: its action asks for them, and they can lower its metric.
struct Levers {
    bool cpuMax = false;
    bool memoryHigh = false;
    bool memoryReclaim = false;
    bool eviction = false;
    bool scheduling = false;

    [[nodiscard]] bool has(Lever lever) const;
    [[nodiscard]] bool throttles() const { return cpuMax || memoryHigh || memoryReclaim; }
    [[nodiscard]] bool any() const { return throttles() || eviction || scheduling; }
};

struct CompiledRule {
    RuleKey key;
    Rule rule;
    std::chrono::seconds localCacheTtl{0};
    const Metric* metric = nullptr;    ///< null: the rule is invalid
    bool fromOwnProbe = false;         ///< the series of its NodeQOS' probe, and no others
    std::vector<bool> series;          ///< by pod: its series counts (Subject::pod)
    std::optional<std::size_t> action; ///< into CompiledPolicy::actions
    RuleTiming timing;
    bool valid = false;
    bool preview = false;
    Levers levers;
    CpuThrottle cpu;        ///< where it moves cpu.max
    MemoryThrottle memory;  ///< where it moves memory.high or memory.reclaim
    std::string limitation; ///< why it is invalid, or what of its action cannot be done

    /// It is known beforehand how much moving this lever lowers the metric, in its release unit.
    [[nodiscard]] bool quantified(Lever lever) const {
        switch (lever) {
        case Lever::scheduling: return false;
        case Lever::eviction: return metric->evictQuantified;
        default: return metric->throttleQuantified;
        }
    }
    /// Keeps new pods away: as its action, or after an eviction. Does not only say so.
    [[nodiscard]] bool closesNode() const {
        return valid && !preview && (levers.scheduling || levers.eviction);
    }
    /// Holds pods down, and does not only say so.
    [[nodiscard]] bool holdsPods() const {
        return (levers.cpuMax || levers.memoryHigh) && !preview;
    }
};

class CompiledPolicy : public std::enable_shared_from_this<CompiledPolicy> {
public:
    CompiledPolicy(const PolicySet& policy, const Settings& settings);

    Settings settings;
    std::vector<CompiledRule> rules; ///< in the order of the policy objects and their rules
    std::vector<CompiledAction> actions;
    std::vector<CompiledPod> pods; ///< ordered by uid
    /// ext_cpu_total_distribute: what the pods ask for of gocrane.io/cpu, in percent of what the
    /// node offers; none where it offers nothing.
    Reading<double> elasticCpuDistributed = std::unexpected(Unknown::missing);

    [[nodiscard]] std::optional<std::size_t> findPod(const PodUid& uid) const;
    [[nodiscard]] std::optional<std::size_t> findRule(const RuleKey& key) const;

    /// Some PodQOS lets the rule's action touch the pod (which may be exempt nevertheless).
    [[nodiscard]] bool allows(const CompiledRule& rule, std::size_t pod) const {
        return rule.action && actions[*rule.action].selected[pod];
    }

private:
    void addActions(const PolicySet& policy);
    void addRule(const NodeQos& nodeQos, const Rule& rule);
    const Metric* metricFor(const std::string& name);

    std::deque<Metric> customMetrics_; ///< the rules point into it
    std::vector<std::size_t> rulesByKey_;
};

/// The same rule with the same action: what it has begun goes on. The description, the origin and
/// the node's cap on cool-downs are not part of it.
bool sameDefinition(const CompiledPolicy& a, const CompiledRule& ruleOfA, const CompiledPolicy& b,
                    const CompiledRule& ruleOfB);

/// The labels of a pod's series: its own, and over them what it is: namespace, pod, qos_class, uid,
/// and the same under Crane's names.
Labels seriesLabels(const Pod& pod);

} // namespace plimsoll::analyzer
