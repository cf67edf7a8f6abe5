// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/rule_machine.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

using Phase = RuleMachine::Phase;

RuleOutput onHit(RuleMachine& machine, MonotonicTime now, const RuleTiming& timing) {
    machine.lastHit = now;
    machine.misses = 0;
    if (machine.phase == Phase::idle) {
        const unsigned needed = std::max(1U, timing.avoidanceThreshold);
        if (++machine.hits < needed) {
            return {.verdict = {VerdictKind::rising, machine.hits, needed}};
        }
    }
    machine.phase = Phase::avoiding;
    machine.hits = 0;
    return {.verdict = {VerdictKind::avoiding}, .acts = true};
}

RuleOutput onMiss(RuleMachine& machine, MonotonicTime now, const RuleTiming& timing, bool holds) {
    machine.hits = 0;
    if (machine.phase == Phase::avoiding) {
        const unsigned needed = std::max(1U, timing.restoreThreshold);
        if (++machine.misses < needed) {
            return {.verdict = {VerdictKind::recovering, machine.misses, needed}};
        }
        machine.phase = Phase::coolingDown;
        machine.misses = 0;
    }
    if (machine.phase == Phase::idle) {
        return {};
    }
    const bool cooled = now > machine.lastHit + timing.coolDown;
    if (cooled && !holds) {
        machine.phase = Phase::idle;
        return {};
    }
    return {.verdict = {VerdictKind::coolingDown}, .mayRestore = cooled};
}

} // namespace

RuleOutput advance(RuleMachine& machine, std::optional<bool> hit, MonotonicTime now,
                   const RuleTiming& timing, bool holds) {
    if (!hit) {
        return {.verdict = {VerdictKind::unknown}};
    }
    return *hit ? onHit(machine, now, timing) : onMiss(machine, now, timing, holds);
}

void coolDownAgain(RuleMachine& machine, MonotonicTime now) {
    machine = {.phase = Phase::coolingDown, .lastHit = now};
}

} // namespace plimsoll::analyzer
