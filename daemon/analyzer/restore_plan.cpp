// SPDX-License-Identifier: Apache-2.0
// Up: held pods whose rules have all cooled down, in the reverse order.
#include "daemon/analyzer/cpu_steps.hpp"
#include "daemon/analyzer/memory_steps.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>
#include <expected>
#include <limits>
#include <optional>

namespace plimsoll::analyzer {
namespace {

struct Room {
    double amount = std::numeric_limits<double>::infinity(); ///< in the lever's release unit
    std::size_t rule = kNone; ///< with the least room; kNone: no line that could be crossed
};

/// The rule watches what raising this lever uses up, whatever its action would do about it. A
/// custom metric that nothing delivers (any more) draws no line.
bool drawsLine(const Tick& tick, std::size_t index, Lever lever) {
    const auto& rule = tick.policy.rules[index];
    if (!rule.valid || rule.preview || rule.metric->toRelease == nullptr ||
        rule.metric->releaseUnit != unitOf(lever)) {
        return false;
    }
    const auto& lastKnown = tick.data.rules[index].lastKnown;
    return rule.metric->subject != Subject::custom ||
           (lastKnown &&
            tick.snapshot.at - *lastKnown <= rule.localCacheTtl + rule.timing.coolDown);
}

/// Above its watermark, and it would move this lever without knowing by how much: what it does and
/// what is raised meanwhile could not be told apart.
bool fights(const Tick& tick, std::size_t index, Lever lever) {
    const auto& rule = tick.policy.rules[index];
    return rule.valid && !rule.preview && rule.levers.has(lever) && !rule.quantified(lever) &&
           tick.data.ruleStatuses[index].hit;
}

/// What was given back lately and is not used yet will be.
double givenBack(const Tick& tick, Lever lever) {
    constexpr std::uint64_t kTicks = 5;
    double sum = 0;
    for (const auto& view : tick.data.held) {
        const bool isLately = view.held->lever() == lever && lever == Lever::memoryHigh &&
                              view.sample != kNone && !view.held->applied.unlimited() &&
                              tick.snapshot.tick <= view.held->changedTick + kTicks;
        const auto usage = isLately ? usageOf(tick, view.sample, lever) : std::nullopt;
        if (usage) {
            const auto unused =
                view.held->applied.memoryHigh().bytes.value_or(Bytes{}) - usage->memory;
            sum += std::max(0.0, unused.value);
        }
    }
    return sum;
}

/// Below the lowest line of all rules, those at rest included: raising must not trigger the next
/// one. Or the rule that forbids raising anything now.
std::expected<Room, std::size_t> roomBelowAllWatermarks(const Tick& tick, Lever lever) {
    Room room;
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (fights(tick, i, lever)) {
            return std::unexpected(i);
        }
        if (!drawsLine(tick, i, lever)) {
            continue;
        }
        const auto& gap = tick.data.ruleStatuses[i].gap;
        if (!gap) {
            return std::unexpected(i);
        }
        if (-gap->amount < room.amount) {
            room = {-gap->amount, i};
        }
    }
    room.amount -= givenBack(tick, lever);
    return room;
}

bool mayGoUp(const Tick& tick, const HeldView& view, Lever lever) {
    if (view.held->lever() != lever || view.sample == kNone || view.causeCount == 0) {
        return false;
    }
    const auto& mine = tick.data.bound[view.sample].of(lever);
    return !mine.settled && !mine.lowered && !tick.data.bound[view.sample].leaving &&
           limitOf(tick, view.sample, lever) && usageOf(tick, view.sample, lever) &&
           tick.data.bound[view.sample].pod != kNone &&
           std::ranges::all_of(tick.causesOf(view), [&tick](std::size_t rule) {
               return tick.data.ruleStatuses[rule].mayRestore;
           });
}

void collectCandidates(Tick& tick, Lever lever) {
    tick.data.order.clear();
    tick.data.acting.clear();
    for (const auto& view : tick.data.held) {
        if (!mayGoUp(tick, view, lever)) {
            continue;
        }
        for (const auto rule : tick.causesOf(view)) {
            tick.data.acting.push_back({.rule = rule}); // whose order holds
        }
        tick.data.order.push_back(
            {.facts = factsOf(tick, view.sample, nullptr), .sample = view.sample});
    }
    sortCandidates(tick);
    std::ranges::reverse(tick.data.order);
}

/// The largest step among the rules that hold it.
int stepRatio(const Tick& tick, const HeldView& view, Lever lever) {
    int ratio = 0;
    for (const auto rule : tick.causesOf(view)) {
        const auto& terms = tick.policy.rules[rule];
        ratio = std::max(ratio, lever == Lever::cpuMax ? terms.cpu.stepCpuRatio
                                                       : terms.memory.stepMemoryRatio);
    }
    return ratio;
}

std::optional<Step> raisedCpu(const Tick& tick, const HeldView& view, double room) {
    const auto& current = *tick.snapshot.pods[view.sample].cpuMax;
    const auto up = stepUp({.current = current,
                            .baseline = view.held->baseline.cpuMax(),
                            .stepCpuRatio = stepRatio(tick, view, Lever::cpuMax),
                            .onlineCpus = tick.snapshot.node.onlineCpus,
                            .room = Millicores{room},
                            .excess = tick.policy.settings.excess});
    if (!up) {
        return std::nullopt;
    }
    return Step{.from = current,
                .to = up->to,
                .toBaseline = up->toBaseline,
                .expected = {.cpu = up->credit}};
}

std::optional<Step> raisedMemory(const Tick& tick, const HeldView& view, double room) {
    const auto& sample = tick.snapshot.pods[view.sample];
    const auto up =
        stepUp(MemoryUpInput{.high = *sample.memoryHigh,
                             .baseline = view.held->baseline.memoryHigh(),
                             .workingSet = *sample.memoryWorkingSet,
                             .stepMemoryRatio = stepRatio(tick, view, Lever::memoryHigh),
                             .room = Bytes{room},
                             .nodeTotal = *tick.snapshot.node.memoryTotal});
    if (!up) {
        return std::nullopt;
    }
    return Step{.from = *sample.memoryHigh,
                .to = up->to,
                .toBaseline = up->toBaseline,
                .expected = {.memory = up->credit}};
}

/// Raises one pod if there is room; returns what that takes.
double raise(Tick& tick, const Candidate& candidate, std::size_t place, const Room& room,
             Lever lever) {
    const auto& view = *tick.heldBy(candidate.sample, lever);
    auto step = lever == Lever::cpuMax ? raisedCpu(tick, view, room.amount)
                                       : raisedMemory(tick, view, room.amount);
    if (!step) {
        return 0;
    }
    step->kind = StepKind::restore;
    step->lever = lever;
    step->pod = view.held->pod;
    step->podName = view.held->podName;
    step->usage = candidate.facts.usage;
    for (const auto rule : tick.causesOf(view)) {
        step->causes.push_back(tick.policy.rules[rule].key);
    }
    const auto rule = room.rule == kNone ? tick.causesOf(view).front() : room.rule;
    step->reason = whyRestore(tick, rule, candidate.facts, place, *step);
    const double credit = amountOf(step->expected, unitOf(lever));
    tick.plan.steps.push_back(std::move(*step));
    return credit;
}

void restore(Tick& tick, Lever lever) {
    collectCandidates(tick, lever);
    if (tick.data.order.empty() || tick.snapshot.node.onlineCpus == 0) {
        return;
    }
    auto room = roomBelowAllWatermarks(tick, lever);
    if (!room) {
        for (const auto& acting : tick.data.acting) {
            tick.data.rules[acting.rule].blockedBy = room.error();
        }
        return;
    }
    for (std::size_t place = 0; place < tick.data.order.size(); ++place) {
        const auto candidate = tick.data.order[place];
        room->amount -= raise(tick, candidate, place, *room, lever);
    }
}

} // namespace

void planRestore(Tick& tick) {
    restore(tick, Lever::cpuMax);
    restore(tick, Lever::memoryHigh);
}

} // namespace plimsoll::analyzer
