// SPDX-License-Identifier: Apache-2.0
// Down: who is lowered, by how much, and why the others are left alone.
#include "daemon/analyzer/cpu_steps.hpp"
#include "daemon/analyzer/memory_steps.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>
#include <limits>

namespace plimsoll::analyzer {
namespace {

/// What the acting rules want of one pod together: the strictest terms, the largest amount among
/// the rules that may touch it. A rule that may not touch it does not make its gap this pod's
/// burden.
struct Demand {
    CpuThrottle cpu;
    MemoryThrottle memory;
    double amount = 0;        ///< in the lever's release unit
    std::size_t rule = kNone; ///< that wants the most; kNone: no rule may touch the pod
};

bool mayAskFor(const Tick& tick, const Acting& acting, Lever lever, const BoundPod& bound) {
    return acting.action->selected[bound.pod] &&
           !tick.data.effects.isFutile(bound.cgroup->cgroup.inode, lever,
                                       tick.policy.rules[acting.rule].key);
}

/// A rule whose metric does not say by how much goes on with the pods it has begun with.
bool isBegun(const Tick& tick, const Acting& acting, Lever lever, const BoundPod& bound) {
    const auto* effect = tick.data.effects.find(bound.cgroup->cgroup.inode, lever);
    return effect != nullptr && effect->isFor(tick.policy.rules[acting.rule].key);
}

/// A rule whose metric does not say by how much has a place for this pod.
bool hasPlace(const Tick& tick, const Acting& acting, Lever lever, const BoundPod& bound) {
    return acting.gap || acting.batchLeft > 0 || isBegun(tick, acting, lever, bound);
}

Demand demandOn(const Tick& tick, const Pass& pass, Lever lever, const BoundPod& bound) {
    Demand demand;
    for (const auto& acting : tick.data.acting) {
        if (!mayAskFor(tick, acting, lever, bound)) {
            continue;
        }
        const auto& rule = tick.policy.rules[acting.rule];
        demand.cpu.minCpuRatio = std::max(demand.cpu.minCpuRatio, rule.cpu.minCpuRatio);
        demand.cpu.stepCpuRatio = std::max(demand.cpu.stepCpuRatio, rule.cpu.stepCpuRatio);
        demand.memory.minMemoryRatio =
            std::max(demand.memory.minMemoryRatio, rule.memory.minMemoryRatio);
        demand.memory.stepMemoryRatio =
            std::max(demand.memory.stepMemoryRatio, rule.memory.stepMemoryRatio);
        const auto amount = hasPlace(tick, acting, lever, bound) ? wanted(tick, pass, acting) : 0;
        if (demand.rule == kNone || amount > demand.amount) {
            demand.amount = amount;
            demand.rule = acting.rule;
        }
    }
    return demand;
}

std::string_view whyNotThisLever(const Tick& tick, std::size_t sample, Lever lever) {
    if (lever == Lever::cpuMax) {
        if (!usageOf(tick, sample, lever)) {
            return "its CPU usage is unknown";
        }
        return limitOf(tick, sample, lever) ? "" : "its cpu.max is unknown";
    }
    if (tick.policy.pods[tick.data.bound[sample].pod].pod.qosClass == QosClass::guaranteed) {
        return "Guaranteed: what it asked for is its own";
    }
    if (!usageOf(tick, sample, lever) || !tick.snapshot.pods[sample].memoryCurrent) {
        return "its memory usage is unknown";
    }
    if (lever == Lever::memoryHigh && !limitOf(tick, sample, lever)) {
        return "its memory.high is unknown";
    }
    const auto inode = tick.data.bound[sample].cgroup->cgroup.inode;
    if (lever == Lever::memoryReclaim && tick.data.effects.find(inode, lever) != nullptr) {
        return "what was reclaimed before is still being judged";
    }
    return {};
}

std::string_view whyNot(const Tick& tick, std::size_t sample, Lever lever) {
    const auto& bound = tick.data.bound[sample];
    if (const auto& exemption = tick.policy.pods[bound.pod].exemption; !exemption.empty()) {
        return exemption;
    }
    if (bound.leaving) {
        return "was asked to go already";
    }
    const Yielded taken{bound.cgroup->cgroup.inode, lever};
    if (std::ranges::find(tick.data.yielded, taken) != tick.data.yielded.end()) {
        return lever == Lever::cpuMax
                   ? "somebody else set its cpu.max: left alone until no rule acts any more"
                   : "somebody else set its memory.high: left alone until no rule acts any more";
    }
    if (isChanging(tick, sample)) {
        return "its last change is still under way";
    }
    return whyNotThisLever(tick, sample, lever);
}

bool selectedByAny(const Tick& tick, std::size_t pod) {
    return std::ranges::any_of(
        tick.data.acting, [pod](const Acting& acting) { return acting.action->selected[pod]; });
}

/// The pods that some acting rule may touch, in order; the others that it selects are told why not.
void collectCandidates(Tick& tick, const Pass& pass, Lever lever) {
    auto& order = tick.data.order;
    order.clear();
    const auto* leading = leadingRule(tick);
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        auto& bound = tick.data.bound[i];
        auto& mine = bound.of(lever);
        if (mine.settled || bound.pod == kNone || !selectedByAny(tick, bound.pod)) {
            continue;
        }
        mine.leftAlone = whyNot(tick, i, lever);
        if (mine.leftAlone.empty() && demandOn(tick, pass, lever, bound).rule == kNone) {
            mine.leftAlone = "it did not help the last time; not tried again for a while";
        }
        if (mine.leftAlone.empty()) {
            order.push_back({.facts = factsOf(tick, i, leading), .sample = i});
        }
    }
    sortCandidates(tick);
}

std::vector<RuleKey> causesAfter(const Tick& tick, std::size_t sample, Lever lever, bool preview) {
    const auto& bound = tick.data.bound[sample];
    std::vector<std::size_t> rules;
    if (const auto* view = tick.heldBy(sample, lever); view != nullptr && !preview) {
        const auto live = tick.causesOf(*view);
        rules.assign(live.begin(), live.end());
    }
    for (const auto& acting : tick.data.acting) {
        if (mayAskFor(tick, acting, lever, bound) && hasPlace(tick, acting, lever, bound)) {
            rules.push_back(acting.rule);
        }
    }
    std::ranges::sort(rules);
    const auto repeated = std::ranges::unique(rules);
    rules.erase(repeated.begin(), repeated.end());
    std::vector<RuleKey> keys;
    keys.reserve(rules.size());
    for (const auto rule : rules) {
        keys.push_back(tick.policy.rules[rule].key);
    }
    return keys;
}

/// The change itself, without the words around it; or why there is none.
using Change = std::expected<Step, std::string_view>;

Change lowerCpu(const Tick& tick, const Candidate& candidate, const Demand& demand) {
    const auto& known = tick.policy.pods[tick.data.bound[candidate.sample].pod];
    const auto* view = tick.heldBy(candidate.sample, Lever::cpuMax);
    const auto current = *tick.snapshot.pods[candidate.sample].cpuMax;
    const auto down = stepDown(
        {.usage = candidate.facts.usage.cpu,
         .current = current,
         .firstUsage = view != nullptr ? view->held->firstUsage.cpu : candidate.facts.usage.cpu,
         .request = known.cpuRequest,
         .limit = known.cpuLimit,
         .terms = demand.cpu,
         .onlineCpus = tick.snapshot.node.onlineCpus,
         .gap = Millicores{demand.amount},
         .inFlight = view != nullptr && inFlight(tick, *view).cpu > kNothing});
    if (!down) {
        return std::unexpected(down.error());
    }
    return Step{.kind = StepKind::throttle,
                .lever = Lever::cpuMax,
                .from = current,
                .to = down->to,
                .expected = {.cpu = down->release},
                .reason = down->partial ? ", which closes the gap" : ""};
}

MemoryInput memoryInput(const Tick& tick, const Candidate& candidate, const Demand& demand,
                        Lever lever) {
    const auto& known = tick.policy.pods[tick.data.bound[candidate.sample].pod];
    const auto& sample = tick.snapshot.pods[candidate.sample];
    const auto* view = tick.heldBy(candidate.sample, lever);
    return {.workingSet = candidate.facts.usage.memory,
            .current = sample.memoryCurrent.value_or(Bytes{}),
            .high = sample.memoryHigh.value_or(MemoryHigh{}),
            .firstUsage =
                view != nullptr ? view->held->firstUsage.memory : candidate.facts.usage.memory,
            .request = known.memoryRequest,
            .limit = known.memoryLimit,
            .terms = demand.memory,
            .gap = Bytes{demand.amount},
            .inFlight = view != nullptr && inFlight(tick, *view).memory > kNoMemory};
}

Change lowerMemoryHigh(const Tick& tick, const Candidate& candidate, const Demand& demand) {
    const auto input = memoryInput(tick, candidate, demand, Lever::memoryHigh);
    const auto down = stepDown(input);
    if (!down) {
        return std::unexpected(down.error());
    }
    return Step{.kind = StepKind::throttle,
                .lever = Lever::memoryHigh,
                .from = input.high,
                .to = down->to,
                .expected = {.memory = down->release},
                .reason = down->partial ? ", which closes the gap" : ""};
}

Change reclaimMemory(const Tick& tick, const Candidate& candidate, const Demand& demand) {
    const auto amount = reclaimable(memoryInput(tick, candidate, demand, Lever::memoryReclaim));
    if (!amount) {
        return std::unexpected(amount.error());
    }
    return Step{.kind = StepKind::reclaim,
                .lever = Lever::memoryReclaim,
                .amount = *amount,
                .expected = {.memory = *amount}};
}

Change change(const Tick& tick, const Candidate& candidate, const Demand& demand, Lever lever) {
    switch (lever) {
    case Lever::cpuMax: return lowerCpu(tick, candidate, demand);
    case Lever::memoryHigh: return lowerMemoryHigh(tick, candidate, demand);
    default: return reclaimMemory(tick, candidate, demand);
    }
}

/// What asked for this step has been served: its batch is smaller by one pod. A step that releases
/// nothing yet serves nobody.
void serve(Tick& tick, Lever lever, const BoundPod& bound, bool releases) {
    for (auto& acting : tick.data.acting) {
        if (mayAskFor(tick, acting, lever, bound) && hasPlace(tick, acting, lever, bound)) {
            const bool takesPlace = acting.batchLeft > 0 && !isBegun(tick, acting, lever, bound);
            acting.batchLeft -= takesPlace ? 1 : 0;
            tick.data.served[acting.rule] = tick.data.served[acting.rule] || releases;
        }
    }
}

void lower(Tick& tick, Pass& pass, const Candidate& candidate, std::size_t place,
           const Demand& demand, Lever lever) {
    auto& bound = tick.data.bound[candidate.sample];
    auto step = change(tick, candidate, demand, lever);
    if (!step) {
        bound.of(lever).leftAlone = step.error();
        return;
    }
    step->pod = bound.cgroup;
    step->podName = podName(tick, candidate.sample);
    step->usage = candidate.facts.usage;
    step->causes = causesAfter(tick, candidate.sample, lever, pass.preview);
    step->disposition = pass.preview ? Disposition::preview : Disposition::act;
    step->reason = whyLowered(tick, demand.rule, candidate.facts, place, *step) + step->reason;
    pass.released += step->expected;
    serve(tick, lever, bound, amountOf(step->expected, unitOf(lever)) > 0);
    // A preview neither sees nor hinders what the other rules do.
    bound.of(lever).lowered = bound.of(lever).lowered || !pass.preview;
    tick.plan.steps.push_back(std::move(*step));
}

/// A pod that a lever of this rule moved a moment ago: its effect is waited for before the rule
/// goes on to end pods.
void serveWaiting(Tick& tick) {
    for (const auto& effect : tick.data.effects.pending) {
        if (effect.lever == Lever::eviction) {
            continue; // what its pod uses counts as released
        }
        for (const auto& cause : effect.causes) {
            if (const auto rule = tick.policy.findRule(cause.rule)) {
                tick.data.served[*rule] = true;
            }
        }
    }
}

} // namespace

void planDown(Tick& tick, Pass& pass, Lever lever) {
    collectActing(tick, pass, lever);
    if (tick.data.acting.empty()) {
        return;
    }
    pass.anyActs = true;
    for (auto& bound : tick.data.bound) {
        auto& mine = bound.of(lever);
        mine.explained = false;
        if (!mine.settled) {
            mine.leftAlone = {};
        }
    }
    collectCandidates(tick, pass, lever);
    for (std::size_t place = 0; place < tick.data.order.size(); ++place) {
        const auto candidate = tick.data.order[place];
        auto& bound = tick.data.bound[candidate.sample];
        const auto demand = demandOn(tick, pass, lever, bound);
        if (demand.amount > nothing(unitOf(lever))) {
            lower(tick, pass, candidate, place, demand, lever);
        } else {
            bound.of(lever).leftAlone = whyEnough(tick, pass, demand.rule);
        }
    }
    serveWaiting(tick);
    explainCandidates(tick, pass, lever);
}

} // namespace plimsoll::analyzer
