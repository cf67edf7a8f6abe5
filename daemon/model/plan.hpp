// SPDX-License-Identifier: Apache-2.0
// What one tick decided: ordered, explained, not yet done.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A pod that Plimsoll holds down, as the executor knows it. Input of the planner.
struct HeldPod {
    std::shared_ptr<const PodCgroup> pod;
    std::string podName;   ///< namespace/name
    CpuMax baseline;       ///< before the first change; what undo writes back
    CpuMax applied;        ///< what Plimsoll wrote last
    Millicores firstUsage; ///< usage when first throttled: base of the floor without a limit
    std::uint64_t changedTick = 0; ///< tick of the last change, to count releases in flight
    unsigned reapplied = 0;        ///< how often drift was written over, since the first throttle
    std::vector<RuleKey> causes;   ///< the rules that asked for it; none left: undo at once
};

enum class StepKind : std::uint8_t {
    throttle, ///< lower cpu.max
    restore,  ///< raise cpu.max, at last back to the baseline
    undo,     ///< straight back to the baseline: the reason is gone
    reapply,  ///< our value was lost to systemd or kubelet
    yield,    ///< somebody else's value: let go, it is the new baseline
};
std::string_view name(StepKind kind);

/// One elementary change.
struct Step {
    StepKind kind = StepKind::throttle;
    std::shared_ptr<const PodCgroup> pod;
    std::string podName;
    CpuMax from;
    CpuMax to;
    bool toBaseline = false;    ///< write the baseline back verbatim and forget the pod
    Millicores expectedRelease; ///< what should leave (throttle) or may come back (restore)
    Millicores usage;           ///< the pod's usage this was computed from
    std::vector<RuleKey>
        causes;           ///< rules that hold the pod after this step; of a last step, that held it
    std::string reason;   ///< one sentence: rule, value against watermark, why this pod
    bool preview = false; ///< published, not carried out
};

/// What became of a step.
struct Outcome {
    Step step;
    bool done = false;
    bool gone = false;  ///< the cgroup vanished first: neither success nor failure
    std::string writer; ///< "systemd" or "file"
    std::string error;  ///< why it is not done
};

/// Why a pod that a PodQOS allows was left alone this tick.
struct Skip {
    std::string podName;
    std::string reason;
};

struct Plan {
    std::uint64_t tick = 0;
    std::vector<Step> steps;
    std::vector<Skip> skips; ///< filled only while some rule acts
    [[nodiscard]] bool empty() const { return steps.empty(); }
};

} // namespace plimsoll
