// SPDX-License-Identifier: Apache-2.0
// What is kept from tick to tick, and the working space of one tick. Every buffer here keeps its
// capacity, so that a tick in which nothing happens allocates nothing.
#pragma once

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/analyzer/candidates.hpp"
#include "daemon/analyzer/compiled_policy.hpp"
#include "daemon/analyzer/effects.hpp"
#include "daemon/analyzer/preview_score.hpp"
#include "daemon/analyzer/rule_machine.hpp"
#include "daemon/analyzer/rule_value.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::analyzer {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// Where a cgroup would stand: about the node.
inline constexpr std::uint64_t kNodeInode = 0;

/// A rule's machine, and since when its definition stands. A pod that was last changed before that
/// was held by the definition before.
struct RuleState {
    RuleMachine machine;
    std::uint64_t sinceTick = 0;
    std::optional<MonotonicTime> lastKnown; ///< when its metric last had a value, since then
    std::size_t blockedBy = kNone; ///< in the last tick: the rule that keeps it from restoring
    RuleValue value;               ///< this tick
    PreviewEpisode episode;
    std::size_t holds = 0; ///< pods and levers, and the node; this tick
    bool closed = false; ///< the mark on the Node names it, also for its definition before this one
    bool evicts = false; ///< it asked for an eviction since it was last at rest
    bool acts = false;   ///< this tick
    std::size_t troubleIs = 0; ///< what RuleStatus::trouble says, so that it is composed only once
};

/// What one lever does with one pod in this tick.
struct PodLever {
    std::size_t held = kNone; ///< into State::Data::held
    bool settled = false;     ///< drift or undo: nothing else is done with it
    bool lowered = false;     ///< so no rule raises it
    bool explained = false;
    std::string_view leftAlone; ///< why; empty: it got a step, or nobody asked
};

/// One pod of the snapshot, joined with its Pod object and with what is held of it.
struct BoundPod {
    std::shared_ptr<const PodCgroup> cgroup;
    std::size_t pod = kNone; ///< into CompiledPolicy::pods
    bool leaving = false;    ///< terminating or evicted: what it uses counts as released
    /// cpuMax, memoryHigh, memoryReclaim, eviction.
    std::array<PodLever, 4> levers;

    PodLever& of(Lever lever) { return levers.at(static_cast<std::size_t>(lever)); }
    [[nodiscard]] const PodLever& of(Lever lever) const {
        return levers.at(static_cast<std::size_t>(lever));
    }
};

/// One HeldPod, joined with the snapshot and the rules.
struct HeldView {
    const HeldPod* held = nullptr;
    std::size_t sample = kNone; ///< into Snapshot::pods; kNone: its cgroup is gone
    /// Live causes: State::Data::causes[firstCause, firstCause + causeCount). None: undo.
    std::size_t firstCause = 0;
    std::size_t causeCount = 0;
};

/// An acting rule that moves the lever being planned.
struct Acting {
    std::size_t rule = 0;
    std::optional<Gap> gap; ///< none: not quantified, a few pods at a time
    unsigned batchLeft = 0; ///< so many more than are being judged already
    const CompiledAction* action = nullptr;
};

struct Candidate {
    CandidateFacts facts;
    CandidateRank rank;
    std::size_t sample = 0;
};

/// A pod and lever that somebody else took over.
struct Yielded {
    std::uint64_t inode = 0;
    Lever lever = Lever::cpuMax;
    friend bool operator==(const Yielded&, const Yielded&) = default;
};

/// Who has closed the node, as far as it is remembered.
struct NodeDoor {
    NodeClosure::State last = NodeClosure::State::unknown; ///< when it was last known
    bool opening = false; ///< a step of ours to open it may still come to its end
    bool yielded = false; ///< somebody opened it while rules of ours held it closed
};

/// Since when a pod is seen terminating.
struct Terminating {
    std::uint64_t inode = 0;
    MonotonicTime since;
};

struct State::Data {
    std::shared_ptr<const CompiledPolicy> policy;
    std::vector<RuleState> rules; ///< parallel to policy->rules
    std::vector<Yielded> yielded;
    NodeDoor door;
    std::vector<Terminating> terminating;
    std::optional<MonotonicTime> lastLeaving; ///< when some pod was last on its way out
    std::vector<std::size_t> sampleOfPod;     ///< by pod of the policy; kNone: not in the snapshot
    EffectLedger effects;
    std::string whyNotEvict; ///< of the hands, in the last tick
    std::string whyNotClose;
    bool otherWhyNot = false; ///< the other way round each time one of them is another one

    // What the last decision said, to see what is new.
    std::vector<RuleStatus> ruleStatuses;
    std::vector<PodStatus> podStatuses;

    // Working space.
    std::vector<BoundPod> bound; ///< parallel to Snapshot::pods; the joins stay valid
    std::vector<HeldView> held;
    std::vector<std::size_t> causes; ///< rule indices
    std::vector<Acting> acting;
    std::vector<Candidate> order;
    std::vector<bool> served;         ///< by rule: a throttle step of this tick is for it
    std::vector<std::size_t> closing; ///< rules that want the node closed
};

/// What the parts of a decision work on.
struct Tick {
    const CompiledPolicy& policy;
    const Snapshot& snapshot;
    const Hands& hands;
    State::Data& data;
    Plan& plan;
    Resources leaving; ///< in flight: released, but not shown by the node's values yet

    [[nodiscard]] std::span<const std::size_t> causesOf(const HeldView& view) const {
        return std::span(data.causes).subspan(view.firstCause, view.causeCount);
    }
    [[nodiscard]] const HeldView* heldBy(std::size_t sample, Lever lever) const {
        const auto index = data.bound[sample].of(lever).held;
        return index == kNone ? nullptr : &data.held[index];
    }
};

inline double amountOf(const Resources& resources, ReleaseUnit unit) {
    return unit == ReleaseUnit::millicores ? resources.cpu.value : resources.memory.value;
}

} // namespace plimsoll::analyzer
