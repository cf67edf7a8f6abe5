// SPDX-License-Identifier: Apache-2.0
// What an eviction brought: whether the pod went, and what the metric did once it was gone.
#include "daemon/analyzer/effect_causes.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

bool helped(const Tick& tick, const EffectCause& cause) {
    return !tick.data.ruleStatuses[ruleOf(tick, cause)].hit || cameCloser(tick, cause);
}

} // namespace

Fate fateOfEviction(Tick& tick, PendingEffect& effect, bool isThere) {
    const auto now = tick.snapshot.at;
    if (isThere) {
        effect.since = now;
        return now < effect.asked + effect.patience ? Fate::wait : Fate::judge;
    }
    auto& left = tick.data.lastLeaving;
    left = std::max(left.value_or(effect.since), effect.since);
    const auto due = effect.since + std::max(tick.policy.settings.effectAfter, effect.settling);
    return now < due ? Fate::wait : canTell(tick, effect, due);
}

/// Told is the first cause that was not helped, else the first.
Effect judgeEviction(const Tick& tick, const PendingEffect& effect, bool isThere) {
    const auto inVain = std::ranges::find_if(
        effect.causes, [&tick](const EffectCause& cause) { return !helped(tick, cause); });
    const auto& cause = inVain == effect.causes.end() ? effect.causes.front() : *inVain;
    Effect told{.planTick = effect.planTick,
                .podName = effect.podName,
                .lever = effect.lever,
                .rule = cause.rule,
                .expected = effect.expected,
                .measured = isThere ? Resources{} : effect.usageBefore,
                .before = cause.valueBefore,
                .after =
                    tick.data.ruleStatuses[ruleOf(tick, cause)].value.value_or(cause.valueBefore),
                .helped = !isThere && inVain == effect.causes.end(),
                .stayed = isThere};
    told.verdict =
        isThere ? whyStayed(effect.patience)
                : whatFollows(tick, told,
                              told.helped ? Judgement::goneAndHelped : Judgement::goneInVain);
    return told;
}

} // namespace plimsoll::analyzer
