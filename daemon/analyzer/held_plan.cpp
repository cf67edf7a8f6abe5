// SPDX-License-Identifier: Apache-2.0
// Held pods that need something before anything is decided anew: the reason is gone, or somebody
// wrote over our value.
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

/// Unlimited is unlimited whatever the period: after a daemon-reload systemd writes its own.
bool sameLimit(const Limit& a, const Limit& b) {
    return a == b || (a.unlimited() && b.unlimited());
}

std::vector<RuleKey> keysOf(const Tick& tick, const HeldView& view) {
    std::vector<RuleKey> keys;
    for (const auto rule : tick.causesOf(view)) {
        keys.push_back(tick.policy.rules[rule].key);
    }
    return keys;
}

PodLever& leverOf(Tick& tick, const HeldView& view) {
    return tick.data.bound[view.sample].of(view.held->lever());
}

void add(Tick& tick, const HeldView& view, Step step) {
    step.lever = view.held->lever();
    step.pod = view.held->pod;
    step.podName = view.held->podName;
    step.usage = usageOf(tick, view.sample, Lever::eviction).value_or(Resources{});
    tick.plan.steps.push_back(std::move(step));
    leverOf(tick, view).settled = true;
}

void undo(Tick& tick, const HeldView& view, const Limit& found) {
    add(tick, view,
        {.kind = StepKind::undo,
         .from = found,
         .to = view.held->baseline,
         .toBaseline = true,
         .causes = view.held->causes,
         .reason = whyUndo(tick, view)});
}

void yieldPod(Tick& tick, const HeldView& view, const Limit& found, std::string reason) {
    const Yielded yielded{view.held->pod->cgroup.inode, view.held->lever()};
    if (std::ranges::find(tick.data.yielded, yielded) == tick.data.yielded.end()) {
        tick.data.yielded.push_back(yielded); // a yield that fails is tried again
    }
    add(tick, view,
        {.kind = StepKind::yield,
         .from = view.held->applied,
         .to = found,
         .causes = view.held->causes,
         .reason = std::move(reason)});
}

void reapply(Tick& tick, const HeldView& view, const Limit& found) {
    add(tick, view,
        {.kind = StepKind::reapply,
         .from = found,
         .to = view.held->applied,
         .expected = usageAbove(tick, view),
         .causes = keysOf(tick, view),
         .reason = whyReapply(*view.held, found, tick.policy.settings.maxReapply)});
}

void leaveAlone(Tick& tick, const HeldView& view, std::string_view why) {
    leverOf(tick, view).settled = true;
    leverOf(tick, view).leftAlone = why;
}

void planOne(Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    if (isChanging(tick, view.sample)) {
        leaveAlone(tick, view, "its last change is still under way");
        return;
    }
    const auto found = limitOf(tick, view.sample, held.lever()).value_or(held.applied);
    const bool orphan = view.causeCount == 0;
    // The snapshot of the tick in which it was changed was taken before the change.
    const bool tooFresh = tick.snapshot.tick <= held.changedTick;

    if (found == held.applied) {
        if (orphan) {
            undo(tick, view, found);
        }
    } else if (tooFresh) {
        leaveAlone(tick, view, "its last change is too fresh to be judged");
    } else if (!sameLimit(found, held.baseline)) {
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
