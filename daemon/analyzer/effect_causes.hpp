// SPDX-License-Identifier: Apache-2.0
// What the rules that asked for a step see now: the part that is the same for every lever.
#pragma once

#include "daemon/analyzer/effects.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <cstddef>

namespace plimsoll::analyzer {

/// Rules that are gone, or are others by now, do not count any more.
void dropOldCauses(const Tick& tick, PendingEffect& effect);

/// Of a cause whose rule still stands.
std::size_t ruleOf(const Tick& tick, const EffectCause& cause);
double valueNow(const Tick& tick, const EffectCause& cause);

/// The rule's metric came closer to its watermark by a good part of the way.
bool cameCloser(const Tick& tick, const EffectCause& cause);

enum class Fate : std::uint8_t { wait, forget, judge };

/// Judged only with values of all causes, and none that is older than `due`.
Fate canTell(const Tick& tick, const PendingEffect& effect, MonotonicTime due);

// ---- evictions ----------------------------------------------------------------------------------

/// `isThere`: the pod has a cgroup still.
Fate fateOfEviction(Tick& tick, PendingEffect& effect, bool isThere);
Effect judgeEviction(const Tick& tick, const PendingEffect& effect, bool isThere);

} // namespace plimsoll::analyzer
