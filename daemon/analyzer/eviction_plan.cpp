// SPDX-License-Identifier: Apache-2.0
// Ending pods for what throttling cannot release.
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

constexpr std::chrono::seconds kDefaultGrace{30};

/// How many pods may still be ended in this interval.
unsigned budgetLeft(const Tick& tick) {
    const auto& settings = tick.policy.settings;
    const auto recent = std::ranges::count_if(tick.hands.evicted, [&](const EvictedPod& each) {
        return tick.snapshot.at - each.at < settings.evictionInterval;
    });
    const auto used = static_cast<unsigned>(recent);
    return used >= settings.evictionBudget ? 0 : settings.evictionBudget - used;
}

/// Some pod is on its way out, or was so lately that its absence does not show in the metric yet.
bool waitsForALeaver(const Tick& tick, const Metric& metric) {
    const auto& last = tick.data.lastLeaving;
    return waitsForEvicted(tick) ||
           (last &&
            tick.snapshot.at < *last + std::max(tick.policy.settings.effectAfter, metric.settling));
}

/// A rule whose action throttles, too, ends pods only for what throttling does not release: no step
/// of it was possible in this tick, and none is waiting to be judged. What is not quantified waits
/// for every pod that is on its way out, and for what that brings: never two for one reason.
void collectUnserved(Tick& tick, const Pass& pass) {
    collectActing(tick, pass, Lever::eviction);
    std::erase_if(tick.data.acting, [&tick](const Acting& acting) {
        return tick.data.served[acting.rule] ||
               (!acting.gap && waitsForALeaver(tick, *tick.policy.rules[acting.rule].metric));
    });
}

std::string_view whyNot(const Tick& tick, std::size_t sample) {
    const auto& bound = tick.data.bound[sample];
    const auto& known = tick.policy.pods[bound.pod];
    if (!known.exemption.empty()) {
        return known.exemption;
    }
    // Also one that did not go in its time: asking again does not help it.
    const bool isAsked = std::ranges::find(tick.hands.evicted, bound.cgroup->uid,
                                           &EvictedPod::pod) != tick.hands.evicted.end();
    if (bound.leaving || isAsked) {
        return "was asked to go already";
    }
    if (known.pod.phase != PodPhase::running) {
        return "is not running";
    }
    const auto inode = bound.cgroup->cgroup.inode;
    if (tick.data.effects.isFutile(inode, Lever::eviction, RuleKey{})) {
        return "its last eviction was refused";
    }
    return usageOf(tick, sample, Lever::eviction) ? "" : "its usage is unknown";
}

void collectCandidates(Tick& tick) {
    auto& order = tick.data.order;
    order.clear();
    const auto* leading = leadingRule(tick);
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        auto& bound = tick.data.bound[i];
        auto& mine = bound.of(Lever::eviction);
        mine.explained = false;
        mine.leftAlone = {};
        const bool isSelected =
            bound.pod != kNone && std::ranges::any_of(tick.data.acting, [&](const Acting& each) {
                return each.action->selected[bound.pod];
            });
        if (!isSelected) {
            continue;
        }
        mine.leftAlone = whyNot(tick, i);
        if (mine.leftAlone.empty()) {
            order.push_back({.facts = factsOf(tick, i, leading), .sample = i});
        }
    }
    sortCandidates(tick);
}

/// The smallest of the rules', else the pod's own, else 30 seconds.
std::chrono::seconds graceFor(const Tick& tick, const BoundPod& bound) {
    std::optional<std::chrono::seconds> grace;
    for (const auto& acting : tick.data.acting) {
        const auto& eviction = acting.action->action.eviction;
        const auto asked = eviction ? eviction->terminationGracePeriod : std::nullopt;
        if (acting.action->selected[bound.pod] && asked) {
            grace = std::min(grace.value_or(*asked), *asked);
        }
    }
    return grace.value_or(
        tick.policy.pods[bound.pod].pod.terminationGracePeriod.value_or(kDefaultGrace));
}

/// The acting rule that still wants the most of what ending this pod releases.
struct Wish {
    double amount = 0;
    std::size_t rule = kNone;
};

Wish wishFor(const Tick& tick, const Pass& pass, const Candidate& candidate) {
    Wish wish;
    for (const auto& acting : tick.data.acting) {
        const auto amount = acting.gap || acting.batchLeft > 0 ? wanted(tick, pass, acting) : 0;
        const bool releases = !acting.gap || amountOf(candidate.facts.usage, acting.gap->unit) > 0;
        const double least = acting.gap ? nothing(acting.gap->unit) : 0;
        if (acting.action->selected[tick.data.bound[candidate.sample].pod] && releases &&
            amount > least && (wish.rule == kNone || amount > wish.amount)) {
            wish = {amount, acting.rule};
        }
    }
    return wish;
}

void evict(Tick& tick, Pass& pass, const Candidate& candidate, std::size_t place,
           std::size_t rule) {
    const auto& bound = tick.data.bound[candidate.sample];
    Step step{.kind = StepKind::evict,
              .lever = Lever::eviction,
              .pod = bound.cgroup,
              .podName = podName(tick, candidate.sample),
              .grace = graceFor(tick, bound),
              .expected = candidate.facts.usage,
              .usage = candidate.facts.usage,
              .disposition = pass.preview          ? Disposition::preview
                             : tick.hands.canEvict ? Disposition::act
                                                   : Disposition::unavailable};
    for (auto& acting : tick.data.acting) {
        if (acting.action->selected[bound.pod]) {
            step.causes.push_back(tick.policy.rules[acting.rule].key);
            acting.batchLeft -= acting.batchLeft > 0 ? 1 : 0;
            auto& state = tick.data.rules[acting.rule];
            state.evicts = state.evicts || step.disposition == Disposition::act;
        }
    }
    step.reason = whyLowered(tick, rule, candidate.facts, place, step);
    if (step.disposition == Disposition::unavailable) {
        step.reason += "; unavailable: " + std::string(whyNotEvict(tick));
    }
    pass.released += step.expected;
    tick.plan.steps.push_back(std::move(step));
}

} // namespace

void planEviction(Tick& tick, Pass& pass) {
    collectUnserved(tick, pass);
    if (tick.data.acting.empty()) {
        return;
    }
    pass.anyActs = true;
    collectCandidates(tick);
    auto budget = budgetLeft(tick);
    for (std::size_t place = 0; place < tick.data.order.size(); ++place) {
        const auto candidate = tick.data.order[place];
        auto& leftAlone = tick.data.bound[candidate.sample].of(Lever::eviction).leftAlone;
        const auto wish = wishFor(tick, pass, candidate);
        if (wish.rule == kNone) {
            leftAlone = whyEnough(tick, pass, kNone);
        } else if (budget == 0) {
            leftAlone = "the budget of evictions for this interval is used up";
        } else {
            --budget;
            evict(tick, pass, candidate, place, wish.rule);
        }
    }
    explainCandidates(tick, pass, Lever::eviction);
}

} // namespace plimsoll::analyzer
