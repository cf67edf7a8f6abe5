// SPDX-License-Identifier: Apache-2.0
// What one tick decided: ordered, explained, not yet done.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A pod that Plimsoll holds down by one lever, as the executor knows it. Input of the planner. A
/// pod that is held by two levers is here twice.
struct HeldPod {
    std::shared_ptr<const PodCgroup> pod;
    std::string podName;           ///< namespace/name
    Limit baseline;                ///< before the first change; what undo writes back
    Limit applied;                 ///< what Plimsoll wrote last
    Resources firstUsage;          ///< when first throttled: base of the floor without a limit
    std::uint64_t changedTick = 0; ///< tick of the last change, to count releases in flight
    unsigned reapplied = 0;        ///< how often drift was written over, since the first throttle
    /// A write to it is under way on the worker: it is neither judged nor changed.
    bool changing = false;
    std::vector<RuleKey> causes; ///< the rules that asked for it; none left: undo at once

    [[nodiscard]] Lever lever() const { return applied.lever(); }
};

/// A pod that was evicted or asked to go a while ago.
struct EvictedPod {
    PodUid pod;
    MonotonicTime at;
};

/// Whether new pods may come to this node, as the API server says.
struct NodeClosure {
    enum class State : std::uint8_t {
        unknown, ///< no Node object is known
        open,
        ours,     ///< closed by Plimsoll
        foreigns, ///< closed by somebody else: it is never opened here
    };
    State state = State::unknown;
    std::vector<RuleKey>
        causes;            ///< ours: the rules that hold it closed, also those of earlier runs
    bool changing = false; ///< a change is under way
};

enum class StepKind : std::uint8_t {
    throttle,  ///< lower a limit
    restore,   ///< raise it, at last back to the baseline
    undo,      ///< straight back to the baseline: the reason is gone
    reapply,   ///< our value was lost to systemd or kubelet
    yield,     ///< somebody else's value: let go, it is the new baseline
    reclaim,   ///< have the kernel take memory from the pod, once
    evict,     ///< ask the API server to end the pod
    closeNode, ///< keep new pods away
    openNode,  ///< let them come again
};
/// "throttle", …, "disable-scheduling", "enable-scheduling".
std::string_view name(StepKind kind);

enum class Disposition : std::uint8_t {
    act,
    preview,     ///< the rule only says what it would do
    unavailable, ///< it would be right, and nothing on this node can do it now; `reason` says why
};
/// "act", "preview", "unavailable".
std::string_view name(Disposition disposition);

/// One elementary change.
struct Step {
    StepKind kind = StepKind::throttle;
    Lever lever = Lever::cpuMax;
    std::shared_ptr<const PodCgroup> pod; ///< null: about the node
    std::string podName;
    Limit from; ///< of the levers that hold; the others leave both alone
    Limit to;
    Bytes amount;                   ///< reclaim: ask for so much
    std::chrono::seconds grace{30}; ///< evict: terminationGracePeriodSeconds
    bool toBaseline = false;        ///< write the baseline back verbatim and forget the pod
    Resources expected;             ///< what should leave (throttle, …) or may come back (restore)
    Resources usage;                ///< the pod's usage this was computed from
    std::vector<RuleKey>
        causes;         ///< rules that hold the pod after this step; of a last step, that held it
    std::string reason; ///< one sentence: rule, value against watermark, why this pod
    Disposition disposition = Disposition::act; ///< what is not `act` is published, not done
    std::uint64_t planTick = 0; ///< of the plan it is part of, for those that end later
};

/// What became of a step.
struct Outcome {
    Step step;
    bool done = false;
    bool gone = false;    ///< the cgroup vanished first: neither success nor failure
    bool pending = false; ///< handed to the worker or the API server; another outcome follows
    std::string writer;   ///< "systemd", "file" or "cluster"
    std::string error;    ///< why it is not done
    /// Not to be tried again sooner, where the API server said so; 0: it did not.
    std::chrono::seconds retryAfter{0};
};

/// One pod that an acting rule looked at: what it got, or why it was left alone.
struct Considered {
    std::string podName;
    Lever lever = Lever::cpuMax;
    std::string facts; ///< what the order saw: "priority 0, BestEffort, uses 1700m"; may be empty
    std::string note;  ///< "cpu.max 'max 100000' → '153000 100000'", or why not
    bool touched = false; ///< some step of this plan is about it
};

struct Plan {
    std::uint64_t tick = 0;
    std::vector<Step> steps; ///< to carry out, in order; then previews and what is unavailable
    /// In the order in which they would be touched, then those that never could be. Filled only
    /// while some rule acts.
    std::vector<Considered> considered;
    std::size_t consideredOmitted = 0; ///< more of them than kMostConsidered

    static constexpr std::size_t kMostConsidered = 64;
    [[nodiscard]] bool empty() const { return steps.empty(); }
};

/// What was measured of a step some ticks after it.
struct Effect {
    std::uint64_t planTick = 0; ///< of the plan it was part of
    std::string podName;
    Lever lever = Lever::cpuMax;
    RuleKey rule; ///< the first of its causes
    Resources expected;
    Resources measured; ///< by how much the pod uses less; all it used, of one that is gone
    double before = 0;  ///< the rule's metric at the step, and now
    double after = 0;
    bool helped = true;
    bool stayed = false; ///< eviction: the pod did not go in its time
    std::string verdict; ///< one sentence: what follows from it
};

} // namespace plimsoll
