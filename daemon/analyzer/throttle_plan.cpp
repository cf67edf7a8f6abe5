// SPDX-License-Identifier: Apache-2.0
// Down: who is lowered, by how much, and why the others are left alone.
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"
#include "daemon/analyzer/throttle_steps.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

/// What the acting rules want of one pod together: the strictest terms, the largest gap among the
/// rules that may touch it. A rule that may not touch it does not make its gap this pod's burden.
struct Demand {
    CpuThrottle terms;
    Millicores gap;
    std::size_t rule = kNone; ///< with the largest gap; kNone: no rule wants anything of it
};

Demand demandOn(const Tick& tick, std::size_t pod) {
    Demand demand;
    for (const auto& acting : tick.data.acting) {
        if (!(*acting.selected)[pod]) {
            continue;
        }
        demand.terms.minCpuRatio = std::max(demand.terms.minCpuRatio, acting.terms.minCpuRatio);
        demand.terms.stepCpuRatio = std::max(demand.terms.stepCpuRatio, acting.terms.stepCpuRatio);
        if (demand.rule == kNone || acting.gap > demand.gap) {
            demand.gap = acting.gap;
            demand.rule = acting.rule;
        }
    }
    return demand;
}

void collectActing(Tick& tick, bool preview) {
    tick.data.acting.clear();
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        const auto& rule = tick.policy.rules[i];
        const auto gap = tick.data.ruleStatuses[i].gap;
        if (tick.data.rules[i].acts && rule.throttles && rule.preview == preview && gap) {
            tick.data.acting.push_back({.rule = i,
                                        .gap = Millicores{gap->amount},
                                        .terms = rule.terms,
                                        .selected = &tick.policy.actions[*rule.action].selected});
        }
    }
}

std::string_view whyNot(const Tick& tick, std::size_t sample) {
    const auto& bound = tick.data.bound[sample];
    const auto& exemption = tick.policy.pods[bound.pod].exemption;
    if (!exemption.empty()) {
        return exemption;
    }
    if (std::ranges::find(tick.data.yielded, bound.cgroup->cgroup.inode) !=
        tick.data.yielded.end()) {
        return "somebody else set its cpu.max: left alone until no rule acts any more";
    }
    if (!knownUsage(tick.snapshot.pods[sample])) {
        return "its CPU usage is unknown";
    }
    if (!tick.snapshot.pods[sample].cpuMax) {
        return "its cpu.max is unknown";
    }
    return {};
}

/// The pods that some acting rule may touch, in order; the others that it selects are told why not.
void collectCandidates(Tick& tick) {
    auto& order = tick.data.order;
    order.clear();
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        auto& bound = tick.data.bound[i];
        if (bound.settled || bound.pod == kNone || demandOn(tick, bound.pod).rule == kNone) {
            continue;
        }
        bound.leftAlone = whyNot(tick, i);
        if (bound.leftAlone.empty()) {
            const auto facts = factsOf(tick, i);
            order.push_back({.facts = facts, .rank = rankOf(facts), .sample = i});
        }
    }
    std::ranges::sort(order,
                      [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
}

std::vector<RuleKey> causesAfter(const Tick& tick, const BoundPod& bound, bool preview) {
    std::vector<std::size_t> rules;
    if (bound.held != kNone && !preview) {
        const auto live = tick.causesOf(tick.data.held[bound.held]);
        rules.assign(live.begin(), live.end());
    }
    for (const auto& acting : tick.data.acting) {
        if ((*acting.selected)[bound.pod]) {
            rules.push_back(acting.rule);
        }
    }
    std::ranges::sort(rules);
    const auto repeated = std::ranges::unique(rules);
    rules.erase(repeated.begin(), repeated.end());
    std::vector<RuleKey> keys;
    for (const auto rule : rules) {
        keys.push_back(tick.policy.rules[rule].key);
    }
    return keys;
}

DownInput inputFor(const Tick& tick, const Candidate& candidate, const Demand& demand,
                   Millicores gap) {
    const auto& bound = tick.data.bound[candidate.sample];
    const auto& known = tick.policy.pods[bound.pod];
    const auto* held = bound.held == kNone ? nullptr : &tick.data.held[bound.held];
    return {.usage = candidate.facts.usage,
            .current = *tick.snapshot.pods[candidate.sample].cpuMax,
            .firstUsage = held != nullptr ? held->held->firstUsage.cpu : candidate.facts.usage,
            .request = known.cpuRequest,
            .limit = known.cpuLimit,
            .terms = demand.terms,
            .onlineCpus = tick.snapshot.node.onlineCpus,
            .gap = gap,
            .inFlight = held != nullptr && inFlight(tick, *held) > kNothing};
}

void explainSkips(Tick& tick) {
    for (const auto& bound : tick.data.bound) {
        if (!bound.leftAlone.empty() && bound.pod != kNone) {
            tick.plan.considered.push_back({.podName = tick.policy.pods[bound.pod].fullName,
                                            .note = std::string(bound.leftAlone)});
        }
    }
}

/// Lowers one pod if that helps; returns what it releases.
Millicores lower(Tick& tick, const Candidate& candidate, std::size_t place, const Demand& demand,
                 Millicores gap, bool preview) {
    auto& bound = tick.data.bound[candidate.sample];
    const auto input = inputFor(tick, candidate, demand, gap);
    const auto down = stepDown(input);
    if (!down) {
        bound.leftAlone = down.error();
        return {};
    }
    tick.plan.steps.push_back(
        {.kind = StepKind::throttle,
         .pod = bound.cgroup,
         .podName = tick.policy.pods[bound.pod].fullName,
         .from = input.current,
         .to = down->to,
         .expected = {.cpu = down->release},
         .usage = {.cpu = input.usage},
         .causes = causesAfter(tick, bound, preview),
         .reason = whyThrottle(tick, demand.rule, candidate.facts, place, *down),
         .disposition = preview ? Disposition::preview : Disposition::act});
    // A preview neither sees nor hinders what the other rules do.
    bound.lowered = bound.lowered || !preview;
    return down->release;
}

} // namespace

bool planThrottle(Tick& tick, bool preview, bool explain) {
    collectActing(tick, preview);
    // Without a known size of the node nothing can be weighed against it.
    if (tick.data.acting.empty() || tick.snapshot.node.onlineCpus == 0) {
        return false;
    }
    Millicores leaving;
    for (const auto& view : tick.data.held) {
        leaving += inFlight(tick, view);
    }
    collectCandidates(tick);
    Millicores released;
    for (std::size_t place = 0; place < tick.data.order.size(); ++place) {
        const auto& candidate = tick.data.order[place];
        auto& bound = tick.data.bound[candidate.sample];
        const auto demand = demandOn(tick, bound.pod);
        const auto gap = demand.gap - leaving - released;
        if (gap > kNothing) {
            released += lower(tick, candidate, place, demand, gap, preview);
        } else {
            bound.leftAlone = released > kNothing
                                  ? "the gap is closed by the pods before it"
                                  : "earlier steps are still taking effect and close the gap";
        }
    }
    if (explain) {
        explainSkips(tick);
    }
    return true;
}

} // namespace plimsoll::analyzer
