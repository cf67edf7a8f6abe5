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
};

struct CompiledAction {
    AvoidanceAction action;
    bool allowedSomewhere = false; ///< some PodQOS lists it
    std::vector<bool> selected;    ///< by pod: some PodQOS that lists it selects the pod
};

struct CompiledRule {
    RuleKey key;
    Rule rule;
    std::chrono::seconds localCacheTtl{0};
    const Metric* metric = nullptr;
    std::optional<std::size_t> action; ///< into CompiledPolicy::actions
    RuleTiming timing;
    bool valid = false;
    bool preview = false;
    /// Valid, and its action's cpuThrottle can lower its metric.
    bool throttles = false;
    CpuThrottle terms;      ///< where it throttles
    std::string limitation; ///< why it is invalid, or what of its action cannot be done

    /// Throttles, and does not only say so.
    [[nodiscard]] bool holdsPods() const { return throttles && !preview; }
};

class CompiledPolicy : public std::enable_shared_from_this<CompiledPolicy> {
public:
    CompiledPolicy(const PolicySet& policy, const Settings& settings);

    Settings settings;
    std::vector<CompiledRule> rules; ///< in the order of the policy objects and their rules
    std::vector<CompiledAction> actions;
    std::vector<CompiledPod> pods; ///< ordered by uid

    [[nodiscard]] std::optional<std::size_t> findPod(const PodUid& uid) const;
    [[nodiscard]] std::optional<std::size_t> findRule(const RuleKey& key) const;

    /// Some PodQOS lets the rule's action touch the pod (which may be exempt nevertheless).
    [[nodiscard]] bool allows(const CompiledRule& rule, std::size_t pod) const {
        return rule.action && actions[*rule.action].selected[pod];
    }

private:
    void addActions(const PolicySet& policy);
    void addRule(const NodeQos& nodeQos, const Rule& rule);

    std::vector<std::size_t> rulesByKey_;
};

/// The same rule with the same action: what it has begun goes on. The description, the origin and
/// the node's cap on cool-downs are not part of it.
bool sameDefinition(const CompiledPolicy& a, const CompiledRule& ruleOfA, const CompiledPolicy& b,
                    const CompiledRule& ruleOfB);

} // namespace plimsoll::analyzer
