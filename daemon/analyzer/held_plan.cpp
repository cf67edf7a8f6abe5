// SPDX-License-Identifier: Apache-2.0
// Held pods that need something before anything is decided anew: the reason is gone, or somebody
// wrote over our value.
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

namespace plimsoll::analyzer {
namespace {

/// Unlimited is unlimited whatever the period: after a daemon-reload systemd writes its own.
bool sameLimit(const CpuMax& a, const CpuMax& b) {
    return a == b || (!a.quota && !b.quota);
}

std::vector<RuleKey> keysOf(const Tick& tick, const HeldView& view) {
    std::vector<RuleKey> keys;
    for (const auto rule : tick.causesOf(view)) {
        keys.push_back(tick.policy.rules[rule].key);
    }
    return keys;
}

void add(Tick& tick, const HeldView& view, Step step) {
    step.pod = view.held->pod;
    step.podName = view.held->podName;
    step.usage.cpu = knownUsage(tick.snapshot.pods[view.sample]).value_or(Millicores{});
    tick.plan.steps.push_back(std::move(step));
    tick.data.bound[view.sample].settled = true;
    tick.data.bound[view.sample].leftAlone = {};
}

void undo(Tick& tick, const HeldView& view, const CpuMax& found) {
    add(tick, view,
        {.kind = StepKind::undo,
         .from = found,
         .to = view.held->baseline,
         .toBaseline = true,
         .causes = view.held->causes,
         .reason = whyUndo(tick, view)});
}

void yieldPod(Tick& tick, const HeldView& view, const CpuMax& found, std::string reason) {
    tick.data.yielded.push_back(view.held->pod->cgroup.inode);
    add(tick, view,
        {.kind = StepKind::yield,
         .from = view.held->applied,
         .to = found,
         .causes = view.held->causes,
         .reason = std::move(reason)});
}

void reapply(Tick& tick, const HeldView& view, const CpuMax& found) {
    const auto usage = knownUsage(tick.snapshot.pods[view.sample]).value_or(Millicores{});
    const auto rate = view.held->applied.cpuMax().rate().value_or(usage);
    add(tick, view,
        {.kind = StepKind::reapply,
         .from = found,
         .to = view.held->applied,
         .expected = {.cpu = std::max(Millicores{}, usage - rate)},
         .causes = keysOf(tick, view),
         .reason = whyReapply(*view.held, found, tick.policy.settings.maxReapply)});
}

void planOne(Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    const auto& sample = tick.snapshot.pods[view.sample];
    const auto found = sample.cpuMax.value_or(held.applied.cpuMax());
    const bool orphan = view.causeCount == 0;
    // The snapshot of the tick in which it was changed was taken before the change.
    const bool tooFresh = tick.snapshot.tick <= held.changedTick;

    if (Limit(found) == held.applied) {
        if (orphan) {
            undo(tick, view, found);
        }
    } else if (tooFresh) {
        tick.data.bound[view.sample].settled = true;
        tick.data.bound[view.sample].leftAlone = "its last change is too fresh to be judged";
    } else if (!sameLimit(found, held.baseline.cpuMax())) {
        yieldPod(tick, view, found, whyYield(held, found));
    } else if (orphan) {
        undo(tick, view, found);
    } else if (held.reapplied >= tick.policy.settings.maxReapply) {
        yieldPod(tick, view, found, whyContested(held));
    } else {
        reapply(tick, view, found);
    }
}

} // namespace

void planHeld(Tick& tick) {
    for (const auto& view : tick.data.held) {
        // A held pod that is not in the snapshot has no cgroup any more: nothing to put back.
        if (view.sample != kNone) {
            planOne(tick, view);
        }
    }
}

} // namespace plimsoll::analyzer
