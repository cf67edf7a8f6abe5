// SPDX-License-Identifier: Apache-2.0
// The steps of one tick, in the order in which they are carried out.
#pragma once

#include "daemon/analyzer/tick_state.hpp"

namespace plimsoll::analyzer {

/// Everything: drift and undo, then throttle, restore, and what previews would throttle.
void plan(Tick& tick);

/// Held pods whose value was changed by others, or whose reason is gone.
void planHeld(Tick& tick);

/// The acting rules (those that only preview, or the others) lower pods until the gap is closed.
/// `explain`: say of the pods that were left alone why. False when no such rule acts.
bool planThrottle(Tick& tick, bool preview, bool explain);

/// Held pods go up, the most important first, as far as there is room.
void planRestore(Tick& tick);

/// What the order looks at, of a pod whose object is known.
CandidateFacts factsOf(const Tick& tick, std::size_t sample);

/// A usage on which something may be decided.
std::optional<Millicores> knownUsage(const PodSample& sample);

/// What pods lowered lately still use above their new limits: it has been released, and does not
/// show in the node's value yet.
Millicores inFlight(const Tick& tick, const HeldView& view);

} // namespace plimsoll::analyzer
