// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/compiled_policy.hpp"

#include "daemon/analyzer/candidates.hpp"
#include "daemon/analyzer/rule_check.hpp"
#include "daemon/analyzer/selectors.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace plimsoll::analyzer {
namespace {

CompiledPod join(const Pod& pod) {
    return {.pod = pod,
            .fullName = pod.fullName(),
            .exemption = exemption(pod),
            .cpuRequest = pod.cpuRequest(),
            .cpuLimit = pod.cpuLimit(),
            .elasticCpu = pod.elasticCpu(),
            .memoryRequest = pod.memoryRequest(),
            .memoryLimit = pod.memoryLimit(),
            .elasticMemory = pod.elasticMemory()};
}

/// Finished pods hold nothing any more. A node that offers nothing has no such percentage: nothing
/// is not zero, and a division by it would trigger every rule.
Reading<double> distributed(const std::vector<CompiledPod>& pods, const std::optional<Node>& node) {
    if (!node || !node->elasticCpu || node->elasticCpu->value <= 0) {
        return std::unexpected(Unknown::missing);
    }
    Millicores asked;
    for (const auto& each : pods) {
        if (each.pod.phase != PodPhase::succeeded && each.pod.phase != PodPhase::failed) {
            asked += each.elasticCpu;
        }
    }
    return asked / *node->elasticCpu * 100;
}

bool lists(const PodQos& podQos, const std::string& action) {
    return std::ranges::find(podQos.allowedActions, action) != podQos.allowedActions.end();
}

} // namespace

CompiledPolicy::CompiledPolicy(const PolicySet& policy, const Settings& settings_)
    : settings(settings_) {
    pods.reserve(policy.pods.size());
    std::ranges::transform(policy.pods, std::back_inserter(pods), join);
    std::ranges::sort(pods, {}, [](const CompiledPod& each) { return each.pod.uid; });
    elasticCpuDistributed = distributed(pods, policy.node);
    addActions(policy);
    for (const auto& nodeQos : policy.nodeQos) {
        if (selectsNode(nodeQos, policy.node)) {
            for (const auto& rule : nodeQos.rules) {
                addRule(nodeQos, rule);
            }
        }
    }
    rulesByKey_.resize(rules.size());
    std::iota(rulesByKey_.begin(), rulesByKey_.end(), 0U);
    std::ranges::stable_sort(rulesByKey_, {},
                             [this](std::size_t index) { return rules[index].key; });
}

void CompiledPolicy::addActions(const PolicySet& policy) {
    for (const auto& action : policy.actions) {
        CompiledAction compiled{.action = action,
                                .selected = std::vector<bool>(pods.size(), false)};
        for (const auto& podQos : policy.podQos) {
            if (!lists(podQos, action.name)) {
                continue;
            }
            compiled.allowedSomewhere = true;
            for (std::size_t pod = 0; pod < pods.size(); ++pod) {
                if (!compiled.selected[pod]) {
                    compiled.selected[pod] = selects(podQos, pods[pod].pod);
                }
            }
        }
        actions.push_back(std::move(compiled));
    }
}

void CompiledPolicy::addRule(const NodeQos& nodeQos, const Rule& rule) {
    CompiledRule compiled{.key = {nodeQos.name, rule.name},
                          .rule = rule,
                          .localCacheTtl = nodeQos.localCacheTtl,
                          .metric = metricFor(rule.metric),
                          .fromOwnProbe = nodeQos.probe.has_value(),
                          .preview = rule.strategy == Strategy::preview};
    if (compiled.metric->subject == Subject::pod) {
        for (const auto& each : pods) {
            compiled.series.push_back(!rule.seriesSelector ||
                                      matches(*rule.seriesSelector, seriesLabels(each.pod)));
        }
    }
    const auto action = std::ranges::find(
        actions, rule.actionName, [](const CompiledAction& each) { return each.action.name; });
    if (action != actions.end()) {
        compiled.action = static_cast<std::size_t>(action - actions.begin());
        const auto cap = settings.coolDownCap.value_or(action->action.coolDown);
        compiled.timing = {.avoidanceThreshold = rule.avoidanceThreshold,
                           .restoreThreshold = rule.restoreThreshold,
                           .coolDown = std::min(action->action.coolDown, cap)};
    }
    const bool twice = std::ranges::find(rules, compiled.key, &CompiledRule::key) != rules.end();
    checkRule(compiled, action == actions.end() ? nullptr : &*action, twice);
    rules.push_back(std::move(compiled));
}

const Metric* CompiledPolicy::metricFor(const std::string& name) {
    if (const auto* builtin = findBuiltinMetric(name)) {
        return builtin;
    }
    const auto known = std::ranges::find(customMetrics_, name, &Metric::name);
    if (known != customMetrics_.end()) {
        return &*known;
    }
    const auto spec = std::ranges::find(settings.metrics, name, &MetricSpec::name);
    customMetrics_.push_back(spec == settings.metrics.end() ? unknownMetric(name)
                                                            : customMetric(*spec));
    return &customMetrics_.back();
}

std::optional<std::size_t> CompiledPolicy::findPod(const PodUid& uid) const {
    const auto found = std::lower_bound(
        pods.begin(), pods.end(), uid,
        [](const CompiledPod& each, const PodUid& wanted) { return each.pod.uid < wanted; });
    if (found == pods.end() || found->pod.uid != uid) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - pods.begin());
}

std::optional<std::size_t> CompiledPolicy::findRule(const RuleKey& key) const {
    const auto found = std::lower_bound(
        rulesByKey_.begin(), rulesByKey_.end(), key,
        [this](std::size_t index, const RuleKey& wanted) { return rules[index].key < wanted; });
    if (found == rulesByKey_.end() || rules[*found].key != key) {
        return std::nullopt;
    }
    return *found;
}

bool sameDefinition(const CompiledPolicy& a, const CompiledRule& ruleOfA, const CompiledPolicy& b,
                    const CompiledRule& ruleOfB) {
    if (ruleOfA.rule != ruleOfB.rule || ruleOfA.localCacheTtl != ruleOfB.localCacheTtl ||
        ruleOfA.valid != ruleOfB.valid ||
        ruleOfA.action.has_value() != ruleOfB.action.has_value()) {
        return false;
    }
    if (!ruleOfA.action) {
        return true;
    }
    const auto meaning = [](const AvoidanceAction& action) {
        return std::tie(action.name, action.coolDown, action.cpuThrottle, action.memoryThrottle,
                        action.eviction);
    };
    return meaning(a.actions[*ruleOfA.action].action) == meaning(b.actions[*ruleOfB.action].action);
}

bool Levers::has(Lever lever) const {
    switch (lever) {
    case Lever::cpuMax: return cpuMax;
    case Lever::memoryHigh: return memoryHigh;
    case Lever::memoryReclaim: return memoryReclaim;
    case Lever::eviction: return eviction;
    case Lever::scheduling: return scheduling;
    }
    return false;
}

Labels seriesLabels(const Pod& pod) {
    Labels labels = pod.labels;
    for (const auto* key : {"namespace", "PodNamespace"}) {
        labels[key] = pod.namespaceName;
    }
    for (const auto* key : {"pod", "PodName"}) {
        labels[key] = pod.name;
    }
    for (const auto* key : {"uid", "PodUid"}) {
        labels[key] = pod.uid.value;
    }
    labels["qos_class"] = name(pod.qosClass);
    return labels;
}

std::shared_ptr<const CompiledPolicy> compile(const PolicySet& policy, const Settings& settings) {
    return std::make_shared<const CompiledPolicy>(policy, settings);
}

} // namespace plimsoll::analyzer
