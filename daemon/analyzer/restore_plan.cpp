// SPDX-License-Identifier: Apache-2.0
// Up: held pods whose rules have all cooled down, in the reverse order.
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"
#include "daemon/analyzer/throttle_steps.hpp"

#include <algorithm>
#include <optional>

namespace plimsoll::analyzer {
namespace {

struct Room {
    Millicores amount;
    std::size_t rule = kNone; ///< with the least room
};

/// Below the lowest line of all rules that throttle, those at rest included: raising must not
/// trigger the next one. None when any of them cannot be told.
std::optional<Room> roomBelowAllWatermarks(const Tick& tick) {
    std::optional<Room> room;
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (!tick.policy.rules[i].holdsPods()) {
            continue;
        }
        const auto gap = tick.data.ruleStatuses[i].gap;
        if (!gap) {
            return std::nullopt;
        }
        if (const auto amount = Millicores{-gap->amount}; !room || amount < room->amount) {
            room = Room{amount, i};
        }
    }
    return room;
}

bool mayGoUp(const Tick& tick, const HeldView& view) {
    return view.sample != kNone && view.causeCount > 0 && !tick.data.bound[view.sample].settled &&
           !tick.data.bound[view.sample].lowered && tick.snapshot.pods[view.sample].cpuMax &&
           knownUsage(tick.snapshot.pods[view.sample]) &&
           std::ranges::all_of(tick.causesOf(view), [&tick](std::size_t rule) {
               return tick.data.ruleStatuses[rule].mayRestore;
           });
}

void collectCandidates(Tick& tick) {
    auto& order = tick.data.order;
    order.clear();
    for (const auto& view : tick.data.held) {
        if (mayGoUp(tick, view)) {
            const auto facts = factsOf(tick, view.sample);
            order.push_back({.facts = facts, .rank = rankOf(facts), .sample = view.sample});
        }
    }
    std::ranges::sort(order,
                      [](const Candidate& a, const Candidate& b) { return b.rank < a.rank; });
}

/// Raises one pod if there is room; returns what that takes.
Millicores raise(Tick& tick, const Candidate& candidate, std::size_t place, const Room& room) {
    auto& bound = tick.data.bound[candidate.sample];
    const auto& view = tick.data.held[bound.held];
    UpInput input{.current = *tick.snapshot.pods[candidate.sample].cpuMax,
                  .baseline = view.held->baseline.cpuMax(),
                  .onlineCpus = tick.snapshot.node.onlineCpus,
                  .room = room.amount,
                  .excess = tick.policy.settings.excess};
    std::vector<RuleKey> causes;
    for (const auto rule : tick.causesOf(view)) {
        input.stepCpuRatio =
            std::max(input.stepCpuRatio, tick.policy.rules[rule].terms.stepCpuRatio);
        causes.push_back(tick.policy.rules[rule].key);
    }
    const auto up = stepUp(input);
    if (!up) {
        return {};
    }
    tick.plan.steps.push_back({.kind = StepKind::restore,
                               .pod = bound.cgroup,
                               .podName = view.held->podName,
                               .from = input.current,
                               .to = up->to,
                               .toBaseline = up->toBaseline,
                               .expected = {.cpu = up->credit},
                               .usage = {.cpu = candidate.facts.usage},
                               .causes = std::move(causes),
                               .reason = whyRestore(tick, room.rule, candidate.facts, place, *up)});
    return up->credit;
}

} // namespace

void planRestore(Tick& tick) {
    collectCandidates(tick);
    if (tick.data.order.empty() || tick.snapshot.node.onlineCpus == 0) {
        return;
    }
    auto room = roomBelowAllWatermarks(tick);
    if (!room) {
        return;
    }
    for (std::size_t place = 0; place < tick.data.order.size(); ++place) {
        room->amount -= raise(tick, tick.data.order[place], place, *room);
    }
}

} // namespace plimsoll::analyzer
