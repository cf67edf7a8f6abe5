// SPDX-License-Identifier: Apache-2.0
// The joins at the start of a tick: policy with what was remembered, cgroups with Pod objects, held
// pods with both.
#pragma once

#include "daemon/analyzer/tick_state.hpp"

#include <span>

namespace plimsoll::analyzer {

/// Carries the machines of unchanged rules over to the new policy; the others start anew. True when
/// the list of rules or what is said of one of them, apart from its verdict, is new.
bool adopt(State::Data& data, std::shared_ptr<const CompiledPolicy> policy, std::uint64_t tick);

/// Joins the snapshot's pods; true when the list or anything known of a pod is new.
bool joinPods(State::Data& data, const Snapshot& snapshot);

/// Finds each held pod in the snapshot and keeps those of its causes that still stand.
void joinHeld(State::Data& data, const Snapshot& snapshot, std::span<const HeldPod> held);

} // namespace plimsoll::analyzer
