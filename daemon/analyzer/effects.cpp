// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/effects.hpp"

#include "daemon/analyzer/effect_causes.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace plimsoll::analyzer {
namespace {

/// A step helped when the pod gave back at least this part of what was expected. Usage is a rate
/// over one tick and swings; half of the truth would be too much to ask of it.
constexpr double kGoodPart = 0.2;

/// What is expected below this drowns in the swings of a single reading.
constexpr Millicores kCpuNoise{100};
constexpr Bytes kMemoryNoise{8.0 * 1024 * 1024};

/// A step that failed is not tried again at once: the others must have their turn. Nor is it put
/// off for ever because a server says so.
constexpr std::chrono::seconds kAfterFailure{10};
constexpr std::chrono::seconds kLongestWait{3600};

std::size_t findSample(const Tick& tick, std::uint64_t inode) {
    const auto& bound = tick.data.bound;
    const auto found = std::ranges::find(
        bound, inode, [](const BoundPod& each) { return each.cgroup->cgroup.inode; });
    return found == bound.end() ? kNone : static_cast<std::size_t>(found - bound.begin());
}

bool gaveBack(const PendingEffect& effect, const Resources& measured) {
    if (effect.lever == Lever::cpuMax) {
        return effect.expected.cpu < kCpuNoise || measured.cpu >= effect.expected.cpu * kGoodPart;
    }
    return effect.expected.memory < kMemoryNoise ||
           measured.memory >= effect.expected.memory * kGoodPart;
}

/// What the pods that the rule may touch use of what the lever lowers, without this one.
double usageOfOthers(const Tick& tick, const CompiledRule& rule, Lever lever, std::uint64_t inode) {
    double sum = 0;
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        const auto& bound = tick.data.bound[i];
        if (bound.cgroup->cgroup.inode != inode && bound.pod != kNone &&
            tick.policy.allows(rule, bound.pod)) {
            sum += amountOf(usageOf(tick, i, lever).value_or(Resources{}), unitOf(lever));
        }
    }
    return sum;
}

/// Others took at least half of what the pod gave up.
bool isTaken(const Tick& tick, const PendingEffect& effect, const EffectCause& cause,
             const Resources& measured) {
    const auto unit = unitOf(effect.lever);
    const double noise = unit == ReleaseUnit::millicores ? kCpuNoise.value : kMemoryNoise.value;
    const double gave = amountOf(measured, unit);
    const auto& rule = tick.policy.rules[ruleOf(tick, cause)];
    const double grew = usageOfOthers(tick, rule, effect.lever, effect.inode) - cause.othersBefore;
    return gave >= noise && grew * 2 >= gave;
}

Judgement judgementOf(const Tick& tick, const PendingEffect& effect, const EffectCause& cause,
                      const Resources& measured) {
    const auto& rule = tick.data.ruleStatuses[ruleOf(tick, cause)];
    if (!rule.hit) {
        return Judgement::helped;
    }
    if (cause.quantified) {
        return gaveBack(effect, measured) ? Judgement::helped : Judgement::futile;
    }
    if (cameCloser(tick, cause)) {
        return Judgement::helped;
    }
    return isTaken(tick, effect, cause, measured) ? Judgement::taken : Judgement::innocent;
}

void remember(Tick& tick, const PendingEffect& effect, const EffectCause& cause,
              Judgement judgement) {
    if (judgement != Judgement::innocent && judgement != Judgement::futile) {
        return;
    }
    tick.data.effects.futile.push_back(
        {.inode = effect.inode,
         .lever = effect.lever,
         .rule = judgement == Judgement::futile ? RuleKey{} : cause.rule,
         .until = tick.snapshot.at + tick.policy.settings.futileFor});
}

bool isReclaiming(const Tick& tick, const PendingEffect& effect) {
    return effect.lever == Lever::memoryReclaim &&
           std::ranges::find(tick.hands.reclaiming, effect.inode) != tick.hands.reclaiming.end();
}

Fate fateOf(Tick& tick, PendingEffect& effect, std::size_t sample) {
    dropOldCauses(tick, effect);
    if (effect.causes.empty()) {
        return Fate::forget;
    }
    if (effect.lever == Lever::eviction) {
        return fateOfEviction(tick, effect, sample != kNone);
    }
    if (sample == kNone) {
        return Fate::forget;
    }
    if (isReclaiming(tick, effect)) {
        effect.since = tick.snapshot.at; // what it brings shows once it is over
        return Fate::wait;
    }
    if (holds(effect.lever)) {
        const auto* held = tick.heldBy(sample, effect.lever);
        if (held == nullptr) {
            return Fate::forget; // it failed, or it is undone already
        }
        if (held->held->changing) {
            effect.since = tick.snapshot.at;
            return Fate::wait;
        }
    }
    const auto due = effect.since + std::max(tick.policy.settings.effectAfter, effect.settling);
    if (tick.snapshot.at < due) {
        return Fate::wait;
    }
    return usageOf(tick, sample, effect.lever) ? canTell(tick, effect, due) : Fate::forget;
}

Resources measure(const Tick& tick, const PendingEffect& effect, std::size_t sample) {
    const auto& now = tick.snapshot.pods[sample];
    Resources measured;
    if (now.cpuUsage) {
        measured.cpu = effect.usageBefore.cpu - *now.cpuUsage;
    }
    if (now.memoryWorkingSet) {
        measured.memory = effect.usageBefore.memory - *now.memoryWorkingSet;
    }
    return measured;
}

/// Every cause is judged; told is the first one that was not helped, else the first.
Effect judge(Tick& tick, const PendingEffect& effect, std::size_t sample) {
    if (effect.lever == Lever::eviction) {
        return judgeEviction(tick, effect, sample != kNone);
    }
    Effect told{.planTick = effect.planTick,
                .podName = effect.podName,
                .lever = effect.lever,
                .expected = effect.expected,
                .measured = measure(tick, effect, sample)};
    std::optional<Judgement> toldAs;
    for (const auto& cause : effect.causes) {
        const auto judgement = judgementOf(tick, effect, cause, told.measured);
        remember(tick, effect, cause, judgement);
        if (!toldAs || (toldAs == Judgement::helped && judgement != Judgement::helped)) {
            toldAs = judgement;
            told.rule = cause.rule;
            told.before = cause.valueBefore;
            told.after = valueNow(tick, cause);
        }
    }
    told.helped = toldAs == Judgement::helped;
    told.verdict = whatFollows(tick, told, toldAs.value_or(Judgement::helped));
    return told;
}

void note(Tick& tick, const Step& step) {
    auto& pending = tick.data.effects.pending;
    auto known = std::ranges::find_if(pending, [&](const PendingEffect& each) {
        return each.inode == step.pod->cgroup.inode && each.lever == step.lever;
    });
    PendingEffect fresh{.inode = step.pod->cgroup.inode,
                        .lever = step.lever,
                        .podName = step.podName,
                        .planTick = tick.snapshot.tick,
                        .asked = tick.snapshot.at,
                        .since = tick.snapshot.at,
                        .patience = step.grace + kAfterGrace,
                        .usageBefore = step.usage};
    auto& effect = known == pending.end() ? fresh : *known;
    effect.expected += step.expected;
    for (const auto& key : step.causes) {
        const auto rule = tick.policy.findRule(key);
        if (!rule || !tick.data.rules[*rule].acts || effect.isFor(key)) {
            continue;
        }
        const auto& compiled = tick.policy.rules[*rule];
        EffectCause cause{.rule = key,
                          .valueBefore = tick.data.rules[*rule].value.value,
                          .quantified = compiled.quantified(step.lever)};
        if (!cause.quantified) { // else nobody asks, and every pod is looked at for it
            cause.othersBefore = usageOfOthers(tick, compiled, step.lever, step.pod->cgroup.inode);
        }
        effect.causes.push_back(std::move(cause));
        effect.settling = std::max(effect.settling, compiled.metric->settling);
    }
    if (known == pending.end() && !fresh.causes.empty()) {
        pending.push_back(std::move(fresh));
    }
}

void takeFailures(Tick& tick) {
    for (const auto& failed : tick.hands.failed) {
        std::erase_if(tick.data.effects.pending, [&failed](const PendingEffect& each) {
            return each.inode == failed.inode && each.lever == failed.lever;
        });
        markFutile(tick, failed.inode, failed.lever,
                   std::clamp(failed.notBefore, kAfterFailure, kLongestWait));
    }
}

bool matchesKey(const Futile& futile, std::uint64_t inode, Lever lever) {
    return futile.inode == inode && futile.lever == lever;
}

} // namespace

bool PendingEffect::isFor(const RuleKey& rule) const {
    return std::ranges::find(causes, rule, &EffectCause::rule) != causes.end();
}

const PendingEffect* EffectLedger::find(std::uint64_t inode, Lever lever) const {
    const auto found = std::ranges::find_if(pending, [&](const PendingEffect& each) {
        return each.inode == inode && each.lever == lever;
    });
    return found == pending.end() ? nullptr : &*found;
}

bool EffectLedger::isFutile(std::uint64_t inode, Lever lever, const RuleKey& rule) const {
    return std::ranges::any_of(futile, [&](const Futile& each) {
        return matchesKey(each, inode, lever) && (each.rule == RuleKey{} || each.rule == rule);
    });
}

bool EffectLedger::isInnocent(std::uint64_t inode, Lever lever, const RuleKey& rule) const {
    return std::ranges::any_of(futile, [&](const Futile& each) {
        return matchesKey(each, inode, lever) && each.rule == rule;
    });
}

void judgeEffects(Tick& tick, std::vector<Effect>& out) {
    auto& effects = tick.data.effects;
    std::erase_if(effects.futile,
                  [&tick](const Futile& each) { return each.until <= tick.snapshot.at; });
    takeFailures(tick);
    std::erase_if(effects.pending, [&](PendingEffect& effect) {
        const auto sample = findSample(tick, effect.inode);
        const auto fate = fateOf(tick, effect, sample);
        if (fate == Fate::judge) {
            out.push_back(judge(tick, effect, sample));
        }
        return fate != Fate::wait;
    });
}

void noteSteps(Tick& tick) {
    for (const auto& step : tick.plan.steps) {
        const bool isDown = step.kind == StepKind::throttle || step.kind == StepKind::reclaim ||
                            step.kind == StepKind::evict;
        if (isDown && step.disposition == Disposition::act) {
            note(tick, step);
        }
    }
}

bool waitsForEvicted(const Tick& tick) {
    return std::ranges::any_of(tick.data.effects.pending, [&tick](const PendingEffect& each) {
        return each.lever == Lever::eviction && each.since == tick.snapshot.at;
    });
}

void markFutile(Tick& tick, std::uint64_t inode, Lever lever, std::chrono::seconds time) {
    if (!tick.data.effects.isFutile(inode, lever, RuleKey{})) {
        tick.data.effects.futile.push_back(
            {.inode = inode, .lever = lever, .until = tick.snapshot.at + time});
    }
}

Bytes effectInFlight(const Tick& tick, std::size_t sample, Lever lever) {
    const auto* effect =
        tick.data.effects.find(tick.data.bound[sample].cgroup->cgroup.inode, lever);
    const auto& now = tick.snapshot.pods[sample].memoryWorkingSet;
    if (effect == nullptr || !now) {
        return {};
    }
    const auto freed = std::max(Bytes{}, effect->usageBefore.memory - *now);
    return std::max(Bytes{}, effect->expected.memory - freed);
}

} // namespace plimsoll::analyzer
