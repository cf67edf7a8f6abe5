// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/planner.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

/// A rate is an average over the last tick: one tick to get through, one to show.
constexpr std::uint64_t kTicksInFlight = 2;

/// A pod that was let go stays alone until this episode is over, or the next tick would take it
/// again and fight.
void forgetYielded(Tick& tick) {
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (tick.policy.rules[i].holdsPods() &&
            tick.data.rules[i].machine.phase != RuleMachine::Phase::idle) {
            return;
        }
    }
    tick.data.yielded.clear();
}

} // namespace

void plan(Tick& tick) {
    forgetYielded(tick);
    planHeld(tick);
    const bool acted = planThrottle(tick, false, true);
    planRestore(tick);
    planThrottle(tick, true, !acted);
}

CandidateFacts factsOf(const Tick& tick, std::size_t sample) {
    const auto& bound = tick.data.bound[sample];
    const auto& known = tick.policy.pods[bound.pod];
    return {.elasticCpu = known.elasticCpu,
            .priority = known.pod.priority,
            .qosClass = known.pod.qosClass,
            .usage = knownUsage(tick.snapshot.pods[sample]).value_or(Millicores{}),
            .startTime = known.pod.startTime,
            .name = known.fullName,
            .path = bound.cgroup->cgroup.path.value};
}

std::optional<Millicores> knownUsage(const PodSample& sample) {
    if (!sample.cpuUsage || !std::isfinite(sample.cpuUsage->value)) {
        return std::nullopt;
    }
    return *sample.cpuUsage;
}

Millicores inFlight(const Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    if (view.sample == kNone || tick.snapshot.tick > held.changedTick + kTicksInFlight) {
        return {};
    }
    const auto usage = knownUsage(tick.snapshot.pods[view.sample]);
    const auto rate = held.applied.cpuMax().rate();
    return usage && rate ? std::max(Millicores{}, *usage - *rate) : Millicores{};
}

} // namespace plimsoll::analyzer
