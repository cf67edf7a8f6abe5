// SPDX-License-Identifier: Apache-2.0
// A pod at its memory.high that the kernel can take nothing from any more only stalls itself: every
// task of it waits most of the time, and the node has gained nothing. It gets a step back, and the
// next lever has its turn.
#include "daemon/analyzer/memory_steps.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

/// Percent of the time in which nothing in the pod gets on for want of memory. Reclaiming what can
/// be reclaimed shows a few percent; a pod held under what it cannot give up, most of its time.
constexpr Percent kStalls{25};

/// So much a step, as the pod's own working set goes: it wants air, not the whole way back.
constexpr double kAir = 1.1;

bool stallsItself(const PodSample& sample) {
    return sample.stalled.memoryFull && *sample.stalled.memoryFull >= kStalls &&
           sample.memoryHighEvents && *sample.memoryHighEvents > 0;
}

bool isDue(const Tick& tick, const HeldView& view) {
    if (view.sample == kNone || view.held->lever() != Lever::memoryHigh || view.causeCount == 0 ||
        view.held->applied.unlimited()) {
        return false;
    }
    const auto& mine = tick.data.bound[view.sample].of(Lever::memoryHigh);
    const auto& sample = tick.snapshot.pods[view.sample];
    return !mine.settled && !mine.lowered && stallsItself(sample) && sample.memoryWorkingSet &&
           tick.snapshot.tick > view.held->changedTick;
}

void relieve(Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    const auto& sample = tick.snapshot.pods[view.sample];
    const auto high = held.applied.memoryHigh().bytes.value_or(Bytes{}); // is limited: isDue()
    const auto wanted = std::max(high, *sample.memoryWorkingSet) * kAir;
    const auto& full = held.baseline.memoryHigh().bytes;
    const bool toBaseline = full && wanted >= *full;
    const MemoryHigh to{kMemoryQuantum * std::ceil(wanted / kMemoryQuantum)};
    Step step{.kind = StepKind::restore,
              .lever = Lever::memoryHigh,
              .pod = held.pod,
              .podName = held.podName,
              .from = held.applied,
              .to = toBaseline ? held.baseline : Limit(to),
              .toBaseline = toBaseline,
              .expected = {.memory = *to.bytes - high},
              .usage = usageOf(tick, view.sample, Lever::eviction).value_or(Resources{}),
              .reason = whyRelieved(sample)};
    for (const auto rule : tick.causesOf(view)) {
        step.causes.push_back(tick.policy.rules[rule].key);
    }
    tick.plan.steps.push_back(std::move(step));
    tick.data.bound[view.sample].of(Lever::memoryHigh).settled = true;
    markFutile(tick, held.pod->cgroup.inode, Lever::memoryHigh, tick.policy.settings.futileFor);
}

} // namespace

void planRelief(Tick& tick) {
    for (const auto& view : tick.data.held) {
        if (isDue(tick, view)) {
            relieve(tick, view);
        }
    }
}

} // namespace plimsoll::analyzer
