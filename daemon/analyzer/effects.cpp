// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/effects.hpp"

#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

/// A step helped when the pod gave back at least this part of what was expected, or when the metric
/// came closer to its watermark by at least this part of the way. Usage is a rate over one tick and
/// swings; half of the truth would be too much to ask of it.
constexpr double kGoodPart = 0.2;
constexpr double kCloser = 0.1;

/// What is expected below this drowns in the swings of a single reading.
constexpr Millicores kCpuNoise{100};
constexpr Bytes kMemoryNoise{8.0 * 1024 * 1024};

bool drownsInNoise(const PendingEffect& effect) {
    return effect.lever == Lever::cpuMax ? effect.expected.cpu < kCpuNoise
                                         : effect.expected.memory < kMemoryNoise;
}

std::size_t findSample(const Tick& tick, std::uint64_t inode) {
    const auto& bound = tick.data.bound;
    const auto found = std::ranges::find(
        bound, inode, [](const BoundPod& each) { return each.cgroup->cgroup.inode; });
    return found == bound.end() ? kNone : static_cast<std::size_t>(found - bound.begin());
}

bool pastNoise(const PendingEffect& effect, const Resources& measured) {
    return effect.lever == Lever::cpuMax ? measured.cpu >= effect.expected.cpu * kGoodPart
                                         : measured.memory >= effect.expected.memory * kGoodPart;
}

bool helped(const PendingEffect& effect, const RuleStatus& rule, const Resources& measured) {
    if (!rule.hit) {
        return true;
    }
    if (effect.quantified) {
        return drownsInNoise(effect) || pastNoise(effect, measured);
    }
    const double way = effect.valueBefore - rule.rule.watermark;
    return effect.valueBefore - *rule.value >= way * kCloser;
}

enum class Fate : std::uint8_t { wait, forget, judge };

Fate fateOf(const Tick& tick, const PendingEffect& effect, std::size_t sample,
            std::optional<std::size_t> rule) {
    // A rule that was changed meanwhile is another one.
    if (sample == kNone || !rule || effect.planTick < tick.data.rules[*rule].sinceTick) {
        return Fate::forget;
    }
    if (holds(effect.lever)) {
        const auto* held = tick.heldBy(sample, effect.lever);
        if (held == nullptr) {
            return Fate::forget; // it failed, or it is undone already
        }
        if (held->held->changing) {
            return Fate::wait;
        }
    }
    if (tick.snapshot.at - effect.since < tick.policy.settings.effectAfter) {
        return Fate::wait;
    }
    const bool canTell =
        tick.data.ruleStatuses[*rule].value && usageOf(tick, sample, effect.lever).has_value();
    return canTell ? Fate::judge : Fate::forget;
}

Effect judged(Tick& tick, const PendingEffect& effect, std::size_t sample, std::size_t rule) {
    const auto& status = tick.data.ruleStatuses[rule];
    const auto& now = tick.snapshot.pods[sample];
    Effect result{.planTick = effect.planTick,
                  .podName = podName(tick, sample),
                  .lever = effect.lever,
                  .rule = effect.rule,
                  .expected = effect.expected,
                  .before = effect.valueBefore,
                  .after = status.value.value_or(0)};
    if (now.cpuUsage) {
        result.measured.cpu = effect.usageBefore.cpu - *now.cpuUsage;
    }
    if (now.memoryWorkingSet) {
        result.measured.memory = effect.usageBefore.memory - *now.memoryWorkingSet;
    }
    result.helped = helped(effect, status, result.measured);
    if (!result.helped) {
        tick.data.effects.futile.push_back(
            {.inode = effect.inode,
             .lever = effect.lever,
             .rule = effect.quantified ? RuleKey{} : effect.rule,
             .until = tick.snapshot.at + tick.policy.settings.futileFor});
    }
    result.verdict = whatFollows(tick, result, effect.quantified);
    return result;
}

/// The rule among its causes that asks for the most, whose metric will tell.
std::optional<std::size_t> leadingRule(const Tick& tick, const Step& step) {
    std::optional<std::size_t> leading;
    for (const auto& key : step.causes) {
        const auto rule = tick.policy.findRule(key);
        if (!rule || !tick.data.ruleStatuses[*rule].hit || !tick.data.ruleStatuses[*rule].value) {
            continue;
        }
        const bool isBetter = !leading || (tick.policy.rules[*rule].quantified(step.lever) &&
                                           !tick.policy.rules[*leading].quantified(step.lever));
        leading = isBetter ? rule : leading;
    }
    return leading;
}

void note(Tick& tick, const Step& step) {
    auto& pending = tick.data.effects.pending;
    const auto inode = step.pod->cgroup.inode;
    const auto known = std::ranges::find_if(pending, [&](const PendingEffect& each) {
        return each.inode == inode && each.lever == step.lever;
    });
    if (known != pending.end()) {
        known->expected += step.expected;
        return;
    }
    const auto rule = leadingRule(tick, step);
    if (!rule) {
        return;
    }
    pending.push_back({.inode = inode,
                       .lever = step.lever,
                       .rule = tick.policy.rules[*rule].key,
                       .planTick = tick.snapshot.tick,
                       .since = tick.snapshot.at,
                       .expected = step.expected,
                       .usageBefore = step.usage,
                       .valueBefore = *tick.data.ruleStatuses[*rule].value,
                       .quantified = tick.policy.rules[*rule].quantified(step.lever)});
}

} // namespace

const PendingEffect* EffectLedger::find(std::uint64_t inode, Lever lever) const {
    const auto found = std::ranges::find_if(pending, [&](const PendingEffect& each) {
        return each.inode == inode && each.lever == lever;
    });
    return found == pending.end() ? nullptr : &*found;
}

bool EffectLedger::isFutile(std::uint64_t inode, Lever lever, const RuleKey& rule) const {
    return std::ranges::any_of(futile, [&](const Futile& each) {
        return each.inode == inode && each.lever == lever &&
               (each.rule == RuleKey{} || each.rule == rule);
    });
}

bool EffectLedger::isInnocent(std::uint64_t inode, Lever lever, const RuleKey& rule) const {
    return std::ranges::any_of(futile, [&](const Futile& each) {
        return each.inode == inode && each.lever == lever && each.rule == rule;
    });
}

void judgeEffects(Tick& tick, std::vector<Effect>& out) {
    auto& effects = tick.data.effects;
    std::erase_if(effects.futile,
                  [&tick](const Futile& each) { return each.until <= tick.snapshot.at; });
    std::erase_if(effects.pending, [&](const PendingEffect& effect) {
        const auto sample = findSample(tick, effect.inode);
        const auto rule = tick.policy.findRule(effect.rule);
        const auto fate = fateOf(tick, effect, sample, rule);
        if (fate == Fate::judge) {
            out.push_back(judged(tick, effect, sample, *rule));
        }
        return fate != Fate::wait;
    });
}

void noteSteps(Tick& tick) {
    for (const auto& step : tick.plan.steps) {
        const bool isDown = step.kind == StepKind::throttle || step.kind == StepKind::reclaim;
        if (isDown && step.disposition == Disposition::act) {
            note(tick, step);
        }
    }
}

void markFutile(Tick& tick, std::uint64_t inode, Lever lever) {
    if (!tick.data.effects.isFutile(inode, lever, RuleKey{})) {
        tick.data.effects.futile.push_back(
            {.inode = inode,
             .lever = lever,
             .until = tick.snapshot.at + tick.policy.settings.futileFor});
    }
}

Bytes reclaimInFlight(const Tick& tick, std::size_t sample) {
    const auto inode = tick.data.bound[sample].cgroup->cgroup.inode;
    const auto* effect = tick.data.effects.find(inode, Lever::memoryReclaim);
    const auto& now = tick.snapshot.pods[sample].memoryWorkingSet;
    if (effect == nullptr || !now) {
        return {};
    }
    const auto freed = std::max(Bytes{}, effect->usageBefore.memory - *now);
    return std::max(Bytes{}, effect->expected.memory - freed);
}

} // namespace plimsoll::analyzer
