// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/effect_causes.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

/// Averages lag and readings swing: this part of the way to the watermark is enough.
constexpr double kCloser = 0.1;

/// What a custom metric says may be older than the step.
bool isNewer(const Tick& tick, std::size_t rule, MonotonicTime than) {
    const auto& metric = *tick.policy.rules[rule].metric;
    if (metric.subject != Subject::custom) {
        return true;
    }
    const auto& value = tick.data.rules[rule].value;
    const auto* delivered = tick.snapshot.custom->find(metric.name);
    return delivered != nullptr && value.why == RuleValue::Why::known &&
           delivered->series[value.series].at >= than;
}

} // namespace

void dropOldCauses(const Tick& tick, PendingEffect& effect) {
    std::erase_if(effect.causes, [&](const EffectCause& cause) {
        const auto rule = tick.policy.findRule(cause.rule);
        return !rule || effect.planTick < tick.data.rules[*rule].sinceTick;
    });
}

std::size_t ruleOf(const Tick& tick, const EffectCause& cause) {
    return tick.policy.findRule(cause.rule).value_or(kNone);
}

double valueNow(const Tick& tick, const EffectCause& cause) {
    return tick.data.rules[ruleOf(tick, cause)].value.value;
}

bool cameCloser(const Tick& tick, const EffectCause& cause) {
    const auto& rule = tick.data.ruleStatuses[ruleOf(tick, cause)];
    const double way = cause.valueBefore - rule.rule.watermark;
    return cause.valueBefore - valueNow(tick, cause) >= way * kCloser;
}

Fate canTell(const Tick& tick, const PendingEffect& effect, MonotonicTime due) {
    for (const auto& cause : effect.causes) {
        const auto rule = ruleOf(tick, cause);
        if (!tick.data.ruleStatuses[rule].value) {
            return Fate::forget;
        }
        if (!isNewer(tick, rule, due)) {
            return Fate::wait;
        }
    }
    return Fate::judge;
}

} // namespace plimsoll::analyzer
