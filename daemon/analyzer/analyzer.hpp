// SPDX-License-Identifier: Apache-2.0
// The anomaly analyzer: policy + snapshot + what is held → verdicts and a plan.
//
// Pure: no I/O, no clock, no log. The same values in give the same values out, so a recorded night
// can be replayed. A tick in which nothing happens allocates nothing once the buffers have grown.
#pragma once

#include "daemon/model/metric_spec.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/verdict.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::analyzer {

/// Node-side settings ([avoidance] of plimsolld.toml).
struct Settings {
    /// Release this much more than the bare distance to the watermark, as a fraction (0.10 = 10 %),
    /// so that the node does not sit on the line.
    double excess = 0.10;
    /// Upper bound on any action's coolDownSeconds; none: as the action says.
    std::optional<std::chrono::seconds> coolDownCap;
    /// How often a value lost to systemd or kubelet is written again before the pod is given up.
    unsigned maxReapply = 5;
    /// Pods that a rule touches in one tick when it is not known how much that lowers its metric.
    unsigned batch = 1;
    /// At most so many evictions in any interval, over all rules.
    unsigned evictionBudget = 1;
    std::chrono::seconds evictionInterval{60};
    /// A step is judged so long after it.
    std::chrono::seconds effectAfter{5};
    /// What did not help is not tried again for so long.
    std::chrono::seconds futileFor{300};
    std::vector<MetricSpec> metrics; ///< ordered by name
};

/// Rules, actions and candidates joined, checked against the metric table, and sorted for the tick.
class CompiledPolicy;
std::shared_ptr<const CompiledPolicy> compile(const PolicySet& policy, const Settings& settings);

/// What must be remembered from tick to tick: the rule machines, and pods that were yielded.
class State {
public:
    State();
    ~State();
    State(State&&) noexcept;
    State& operator=(State&&) noexcept;
    struct Data;
    std::unique_ptr<Data> data;
};

/// A step that was to be carried out and was not: one down, or one that opens or closes the node.
struct FailedStep {
    std::uint64_t inode = 0; ///< of the pod's cgroup; 0: about the node
    Lever lever = Lever::cpuMax;
    /// Not to be tried again sooner, where somebody said so (Retry-After); 0: nobody did.
    std::chrono::seconds notBefore{0};
};

/// What the executor and the cluster hold and can do.
struct Hands {
    std::span<const HeldPod> held;
    std::span<const FailedStep> failed;        ///< of the last tick
    std::span<const std::uint64_t> reclaiming; ///< inodes: a memory.reclaim is under way
    /// Of the last evictionInterval at least, and those whose answer is still awaited or never
    /// came. Without those that were refused.
    std::span<const EvictedPod> evicted;
    bool canEvict = false;     ///< there is an API server that takes evictions now
    bool canCloseNode = false; ///< and opens and closes this node
    /// Why not, as half a sentence: "the credentials may not evict pods". Empty: there is no
    /// connection.
    std::string_view whyNotEvict;
    std::string_view whyNotClose;
    /// Null: unknown. Also as long as no policy is known after the start: a node that is closed for
    /// rules that do not exist is opened.
    const NodeClosure* closure = nullptr;
};

struct Decision {
    std::vector<RuleStatus> rules; ///< in the order of the policy objects and their rules
    std::vector<PodStatus> pods;   ///< same order as snapshot.pods
    Plan plan;
    std::vector<Effect> effects;     ///< of steps that were judged in this tick
    std::vector<std::size_t> scored; ///< rules whose preview score is another one since this tick
    bool rulesChanged = false;       ///< any verdict, limitation, or the list itself
    bool podsChanged = false;        ///< the pod list or what is known of a pod changed
};

/// A name of the table of built-in metrics, or another name of one of them.
bool isBuiltinMetric(std::string_view name);

/// One tick: each call takes a newer snapshot. `out` is reused: its buffers keep their capacity.
/// Of each held pod, `changedTick` is the Plan::tick and `causes` are the Step::causes of the last
/// step that was carried out on it.
void decide(const CompiledPolicy& policy, const Snapshot& snapshot, const Hands& hands,
            State& state, Decision& out);

/// The rule still stands as it was when the pod was last changed, and holds it. After decide().
bool isLiveCause(const State& state, const HeldPod& held, const RuleKey& rule);

} // namespace plimsoll::analyzer
