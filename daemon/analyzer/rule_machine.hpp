// SPDX-License-Identifier: Apache-2.0
// The state of one rule from tick to tick.
//
//   idle --(A consecutive hits)--> avoiding --(R consecutive misses)--> cooling down --> idle
//                                     ^-----------(any hit)----------------'
//
// Cooling down waits until coolDown after the last hit, then allows a step of restoring a tick, and
// ends when nothing is left to restore. A tick without a value freezes everything.
#pragma once

#include "daemon/model/units.hpp"
#include "daemon/model/verdict.hpp"

#include <chrono>
#include <optional>

namespace plimsoll::analyzer {

struct RuleMachine {
    enum class Phase : std::uint8_t { idle, avoiding, coolingDown };
    Phase phase = Phase::idle;
    unsigned hits = 0;   ///< consecutive, while idle
    unsigned misses = 0; ///< consecutive, while avoiding
    MonotonicTime lastHit{};

    friend bool operator==(const RuleMachine&, const RuleMachine&) = default;
};

struct RuleTiming {
    unsigned avoidanceThreshold = 1;
    unsigned restoreThreshold = 1;
    std::chrono::seconds coolDown{0};
};

struct RuleOutput {
    Verdict verdict;
    bool acts = false;       ///< avoiding, and this tick is a hit
    bool mayRestore = false; ///< cooled down, and something is still held
};

/// One tick. `hit` none: the metric has no value. `holds`: something that this rule caused is not
/// undone yet.
RuleOutput advance(RuleMachine& machine, std::optional<bool> hit, MonotonicTime now,
                   const RuleTiming& timing, bool holds);

/// What a rule at rest did in an earlier run is still there: its cool-down is waited for again.
void coolDownAgain(RuleMachine& machine, MonotonicTime now);

} // namespace plimsoll::analyzer
