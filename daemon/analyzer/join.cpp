// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/join.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

bool sameRule(const RuleStatus& a, const RuleStatus& b) {
    return a.key == b.key && a.rule == b.rule && a.limitation == b.limitation;
}

PodStatus statusOf(const std::shared_ptr<const PodCgroup>& cgroup, const CompiledPod* known) {
    if (known == nullptr) {
        return {
            .cgroup = cgroup, .qosClass = cgroup->qosClass, .exemption = std::string(kUnknownPod)};
    }
    return {.cgroup = cgroup,
            .podName = known->fullName,
            .qosClass = known->pod.qosClass,
            .priority = known->pod.priority,
            .exemption = known->exemption};
}

bool sameFacts(const PodStatus& a, const PodStatus& b) {
    return a.cgroup->cgroup == b.cgroup->cgroup && a.podName == b.podName &&
           a.qosClass == b.qosClass && a.priority == b.priority && a.exemption == b.exemption;
}

/// Snapshots are ordered by path, so this is one binary search.
std::size_t findSample(const Snapshot& snapshot, const CgroupIdentity& wanted) {
    const auto& pods = snapshot.pods;
    const auto found = std::lower_bound(
        pods.begin(), pods.end(), wanted.path,
        [](const PodSample& each, const CgroupPath& path) { return each.pod->cgroup.path < path; });
    if (found == pods.end() || !(found->pod->cgroup == wanted)) {
        return kNone;
    }
    return static_cast<std::size_t>(found - pods.begin());
}

/// The rule still stands as it was when the pod was last changed. A rule at rest has undone all it
/// did; what is held in its name nevertheless (after a failed undo) nobody would ever restore. What
/// did not help it lets go.
bool stands(const State::Data& data, const HeldPod& held, std::size_t index) {
    const auto& state = data.rules[index];
    const auto& rule = data.policy->rules[index];
    return rule.levers.has(held.lever()) && !rule.preview && held.changedTick >= state.sinceTick &&
           state.machine.phase != RuleMachine::Phase::idle &&
           !data.effects.isInnocent(held.pod->cgroup.inode, held.lever(), rule.key);
}

/// A pod that is out of sight keeps its causes: its rules must not come to rest before it is either
/// back or forgotten.
bool mayTouch(const State::Data& data, std::size_t rule, std::size_t sample) {
    if (sample == kNone) {
        return true;
    }
    const auto pod = data.bound[sample].pod;
    return pod != kNone && data.policy->pods[pod].exemption.empty() &&
           data.policy->allows(data.policy->rules[rule], pod);
}

/// Where the pod was in the last tick is where it mostly is in this one.
std::size_t findSample(const Snapshot& snapshot, const HeldPod& held, std::size_t hint) {
    if (hint < snapshot.pods.size() && snapshot.pods[hint].pod == held.pod) {
        return hint;
    }
    return findSample(snapshot, held.pod->cgroup);
}

/// Causes stand in the order of the rules, so that the next one is mostly the next rule's.
std::optional<std::size_t> findRule(const CompiledPolicy& policy, const RuleKey& key,
                                    std::size_t hint) {
    if (hint < policy.rules.size() && policy.rules[hint].key == key) {
        return hint;
    }
    return policy.findRule(key);
}

void joinCauses(State::Data& data, HeldView& view) {
    view.firstCause = data.causes.size();
    std::size_t hint = 0;
    for (const auto& key : view.held->causes) {
        const auto rule = findRule(*data.policy, key, hint);
        hint = rule.value_or(hint) + 1;
        if (rule && stands(data, *view.held, *rule) && mayTouch(data, *rule, view.sample)) {
            data.causes.push_back(*rule);
            ++data.rules[*rule].holds;
        }
    }
    view.causeCount = data.causes.size() - view.firstCause;
}

/// Finds the Pod object of a cgroup that was not there before; true when what is known of the pod
/// at this place is new.
bool identify(const CompiledPolicy& policy, BoundPod& bound, PodStatus& status) {
    bound.pod = policy.findPod(bound.cgroup->uid).value_or(kNone);
    auto now = statusOf(bound.cgroup, bound.pod == kNone ? nullptr : &policy.pods[bound.pod]);
    const bool changed = !status.cgroup || !sameFacts(status, now);
    status = std::move(now);
    return changed;
}

} // namespace

bool isLiveCause(const State& state, const HeldPod& held, const RuleKey& rule) {
    const auto& data = *state.data;
    const auto index = data.policy ? data.policy->findRule(rule) : std::nullopt;
    return index && stands(data, held, *index);
}

bool adopt(State::Data& data, std::shared_ptr<const CompiledPolicy> policy, std::uint64_t tick) {
    std::vector<RuleState> rules;
    std::vector<RuleStatus> statuses;
    for (const auto& rule : policy->rules) {
        const auto before = data.policy ? data.policy->findRule(rule.key) : std::nullopt;
        const bool same =
            before && sameDefinition(*data.policy, data.policy->rules[*before], *policy, rule);
        rules.push_back(same ? data.rules[*before] : RuleState{.sinceTick = tick});
        rules.back().closed = before && data.rules[*before].closed;
        rules.back().troubleIs = 0; // composed anew below
        statuses.push_back({.key = rule.key,
                            .rule = rule.rule,
                            .unit = rule.metric->unit,
                            .limitation = rule.limitation});
        if (before) {
            statuses.back().verdict = data.ruleStatuses[*before].verdict;
        }
        if (same) {
            statuses.back().preview = data.ruleStatuses[*before].preview;
        }
    }
    const bool changed = !std::ranges::equal(statuses, data.ruleStatuses, sameRule);
    data.rules = std::move(rules);
    data.ruleStatuses = std::move(statuses);
    data.served.assign(policy->rules.size(), false);
    data.policy = std::move(policy);
    data.bound.clear();
    return changed;
}

bool joinPods(State::Data& data, const Snapshot& snapshot) {
    const auto count = snapshot.pods.size();
    bool changed = data.podStatuses.size() != count;
    data.bound.resize(count);
    data.podStatuses.resize(count);
    data.sampleOfPod.assign(data.policy->pods.size(), kNone);
    for (std::size_t i = 0; i < count; ++i) {
        auto& bound = data.bound[i];
        bound.levers = {};
        // The collector hands out the same object as long as the cgroup lives.
        if (bound.cgroup != snapshot.pods[i].pod) {
            bound.cgroup = snapshot.pods[i].pod;
            changed = identify(*data.policy, bound, data.podStatuses[i]) || changed;
        }
        if (bound.pod != kNone) {
            data.sampleOfPod[bound.pod] = i;
        }
    }
    return changed;
}

void joinHeld(State::Data& data, const Snapshot& snapshot, std::span<const HeldPod> held) {
    data.causes.clear();
    data.held.resize(held.size());
    for (auto& rule : data.rules) {
        rule.holds = 0;
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
        auto& view = data.held[i];
        view.held = &held[i];
        view.sample = findSample(snapshot, held[i], view.sample);
        joinCauses(data, view);
        if (view.sample != kNone) {
            data.bound[view.sample].of(held[i].lever()).held = i;
        }
    }
}

} // namespace plimsoll::analyzer
