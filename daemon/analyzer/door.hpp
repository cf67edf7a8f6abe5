// SPDX-License-Identifier: Apache-2.0
// Whether new pods may come to the node: who has closed it, and which rules hold it closed.
//
// The mark on the Node outlives this process and is all there is to know of earlier runs: a rule
// that it names waits for its cool-down again. A human is never overruled: what somebody else has
// closed is not opened, and what somebody has opened is not closed again in the same episode.
#pragma once

#include "daemon/analyzer/tick_state.hpp"

namespace plimsoll::analyzer {

/// Reads the mark, and counts the node among what the rules hold. Before they are evaluated.
void joinDoor(State::Data& data, const NodeClosure* closure, MonotonicTime now);

/// Forgets what ends with an episode. Once the rules are evaluated.
void forgetDoor(Tick& tick);

/// The mark names the rule, which has not come to rest since. False also for one that is another
/// one by now.
bool holdsDoor(const State::Data& data, std::size_t rule);

} // namespace plimsoll::analyzer
