// SPDX-License-Identifier: Apache-2.0
// The steps of one tick, in the order in which they are carried out.
#pragma once

#include "daemon/analyzer/tick_state.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace plimsoll::analyzer {

/// A pod that is asked to go and does not is not waited for longer than its grace and this.
inline constexpr std::chrono::seconds kAfterGrace{30};

/// Finds the pods that are on their way out, and adds up what is in flight. Before the rules are
/// evaluated.
void countInFlight(Tick& tick);

/// Everything: drift and undo, then what lowers, what raises, and what previews would lower.
void plan(Tick& tick);

/// The rules that act, or those that only preview: a preview neither sees nor hinders the others.
struct Pass {
    bool preview = false;
    bool explain = false; ///< say of every pod that was looked at what came of it
    Resources released;   ///< by the steps of this pass so far
    bool anyActs = false; ///< some rule of this pass acts
};

/// Held pods whose value was changed by others, or whose reason is gone.
void planHeld(Tick& tick);

/// Moves one of cpuMax, memoryReclaim, memoryHigh down on pods, in order, until the gaps are
/// closed.
void planDown(Tick& tick, Pass& pass, Lever lever);

/// Ends pods for what throttling cannot release.
void planEviction(Tick& tick, Pass& pass);

/// Keeps new pods away, also those that an evicted pod comes back as. Once the evictions of this
/// pass are planned.
void planCloseNode(Tick& tick, const Pass& pass);

/// Lets them come again, once no rule keeps them away any more.
void planOpenNode(Tick& tick);

/// Held pods go up, the most important first, as far as there is room.
void planRestore(Tick& tick);

/// Pods that only stall themselves at their memory.high get some of it back.
void planRelief(Tick& tick);

// ---- what several of them ask -------------------------------------------------------------------

/// The rules of this pass that act and move this lever, with what they still want.
void collectActing(Tick& tick, const Pass& pass, Lever lever);

/// What a rule still wants, in its release unit: all steps of this tick are credited to all rules,
/// and so is what is still in flight. Infinite where that is not known beforehand.
double wanted(const Tick& tick, const Pass& pass, const Acting& acting);

/// Of the levers that lower one resource.
ReleaseUnit unitOf(Lever lever);

/// What is left of a gap below this is rounding: the gap is closed.
double nothing(ReleaseUnit unit);

/// What an order looks at, of a pod whose object is known. `rule`: whose metric is compared.
CandidateFacts factsOf(const Tick& tick, std::size_t sample, const CompiledRule* rule);

/// Sorts Data::order, by the order of the acting metric that comes first in action priority.
void sortCandidates(Tick& tick);

/// The acting rule whose metric's order holds: highest action priority, then the first.
const CompiledRule* leadingRule(const Tick& tick);

/// What the pod uses of what the lever lowers; none while that is unknown. Eviction: whatever is
/// known, none when nothing is.
std::optional<Resources> usageOf(const Tick& tick, std::size_t sample, Lever lever);

/// A write to one of the pod's limits is under way on the worker. systemd writes all limits of a
/// unit at once, so none of them is changed meanwhile.
bool isChanging(const Tick& tick, std::size_t sample);

/// The limit in the pod's cgroup; none while it is unknown.
std::optional<Limit> limitOf(const Tick& tick, std::size_t sample, Lever lever);

/// namespace/name; the cgroup's path where no Pod object is known.
std::string podName(const Tick& tick, std::size_t sample);

/// What a held pod uses above its limit.
Resources usageAbove(const Tick& tick, const HeldView& view);

/// What a held pod still uses above its new limit: it has been released, and does not show in the
/// node's value yet.
Resources inFlight(const Tick& tick, const HeldView& view);

/// Appends what became of the pods that this lever looked at to Plan::considered.
void explainCandidates(Tick& tick, const Pass& pass, Lever lever);

} // namespace plimsoll::analyzer
