// SPDX-License-Identifier: Apache-2.0
// What is kept from tick to tick, and the working space of one tick. Every buffer here keeps its
// capacity, so that a tick in which nothing happens allocates nothing.
#pragma once

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/analyzer/candidates.hpp"
#include "daemon/analyzer/compiled_policy.hpp"
#include "daemon/analyzer/rule_machine.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace plimsoll::analyzer {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A rule's machine, and since when its definition stands. A pod that was last changed before that
/// was held by the definition before.
struct RuleState {
    RuleMachine machine;
    std::uint64_t sinceTick = 0;
    std::size_t holds = 0; ///< pods, this tick
    bool acts = false;     ///< this tick
};

/// One pod of the snapshot, joined with its Pod object and with what is held of it.
struct BoundPod {
    std::shared_ptr<const PodCgroup> cgroup;
    std::size_t pod = kNone;    ///< into CompiledPolicy::pods
    std::size_t held = kNone;   ///< into State::Data::held, this tick
    bool settled = false;       ///< this tick: drift or undo, nothing else is done with it
    bool lowered = false;       ///< this tick, so no rule raises it
    std::string_view leftAlone; ///< why; empty: it got a step, or nobody asked
};

/// One HeldPod, joined with the snapshot and the rules.
struct HeldView {
    const HeldPod* held = nullptr;
    std::size_t sample = kNone; ///< into Snapshot::pods; kNone: its cgroup is gone
    /// Live causes: State::Data::causes[firstCause, firstCause + causeCount). None: undo.
    std::size_t firstCause = 0;
    std::size_t causeCount = 0;
};

/// What an acting rule asks for.
struct Acting {
    std::size_t rule = 0;
    Millicores gap;
    CpuThrottle terms;
    const std::vector<bool>* selected = nullptr; ///< CompiledAction::selected
};

struct Candidate {
    CandidateFacts facts;
    CandidateRank rank;
    std::size_t sample = 0;
};

struct State::Data {
    std::shared_ptr<const CompiledPolicy> policy;
    std::vector<RuleState> rules;       ///< parallel to policy->rules
    std::vector<std::uint64_t> yielded; ///< inodes of pods that somebody else took over

    // What the last decision said, to see what is new.
    std::vector<RuleStatus> ruleStatuses;
    std::vector<PodStatus> podStatuses;

    // Working space.
    std::vector<BoundPod> bound; ///< parallel to Snapshot::pods; the joins stay valid
    std::vector<HeldView> held;
    std::vector<std::size_t> causes; ///< rule indices
    std::vector<Acting> acting;
    std::vector<Candidate> order;
};

/// What the parts of a decision work on.
struct Tick {
    const CompiledPolicy& policy;
    const Snapshot& snapshot;
    State::Data& data;
    Plan& plan;

    [[nodiscard]] std::span<const std::size_t> causesOf(const HeldView& view) const {
        return std::span(data.causes).subspan(view.firstCause, view.causeCount);
    }
};

} // namespace plimsoll::analyzer
