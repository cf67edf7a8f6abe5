// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/planner.hpp"

#include "daemon/analyzer/cpu_steps.hpp"
#include "daemon/analyzer/door.hpp"
#include "daemon/analyzer/memory_steps.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace plimsoll::analyzer {
namespace {

/// A CPU rate is an average over the last tick: one tick to get through, one to show. Memory is
/// taken page by page; what has not gone after five ticks stays.
constexpr std::uint64_t kCpuTicksInFlight = 2;
constexpr std::uint64_t kMemoryTicksInFlight = 5;

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

std::chrono::seconds graceOf(const Pod& pod) {
    return pod.terminationGracePeriod.value_or(std::chrono::seconds(30));
}

void followTerminating(Tick& tick) {
    auto& known = tick.data.terminating;
    std::erase_if(known, [&tick](const Terminating& each) {
        return std::ranges::none_of(tick.data.bound, [&each](const BoundPod& bound) {
            return bound.cgroup->cgroup.inode == each.inode;
        });
    });
    for (const auto& bound : tick.data.bound) {
        const auto inode = bound.cgroup->cgroup.inode;
        const bool goes = bound.pod != kNone && tick.policy.pods[bound.pod].pod.terminating;
        if (goes && std::ranges::find(known, inode, &Terminating::inode) == known.end()) {
            known.push_back({inode, tick.snapshot.at});
        }
    }
}

/// When the pod was asked to go, by whomever.
std::optional<MonotonicTime> askedToGo(const Tick& tick, const BoundPod& bound) {
    const auto& known = tick.data.terminating;
    const auto seen = std::ranges::find(known, bound.cgroup->cgroup.inode, &Terminating::inode);
    if (seen != known.end()) {
        return seen->since;
    }
    const auto ours = std::ranges::find(tick.hands.evicted, bound.cgroup->uid, &EvictedPod::pod);
    return ours == tick.hands.evicted.end() ? std::nullopt : std::optional(ours->at);
}

/// Asked by a plan of ours; whether the API server lets it go may not be known yet.
bool isAwaited(const Tick& tick, const BoundPod& bound) {
    const auto inode = bound.cgroup->cgroup.inode;
    return tick.data.effects.find(inode, Lever::eviction) != nullptr &&
           !tick.policy.pods[bound.pod].pod.terminating;
}

/// Joins what is on its way out, and adds up what is in flight.
void countLeaving(Tick& tick) {
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        auto& bound = tick.data.bound[i];
        const auto since = askedToGo(tick, bound);
        bound.leaving =
            since && bound.pod != kNone &&
            tick.snapshot.at <= *since + graceOf(tick.policy.pods[bound.pod].pod) + kAfterGrace;
        if (bound.leaving) {
            if (!isAwaited(tick, bound)) {
                tick.data.lastLeaving = tick.snapshot.at;
            }
            tick.leaving += usageOf(tick, i, Lever::eviction).value_or(Resources{});
        } else {
            tick.leaving.memory += effectInFlight(tick, i, Lever::memoryReclaim);
        }
    }
    for (const auto& view : tick.data.held) {
        if (view.sample != kNone && !tick.data.bound[view.sample].leaving) {
            tick.leaving += inFlight(tick, view);
        }
    }
}

/// Least harm first: throttling before eviction, memory that comes back by itself before limits.
void planAllDown(Tick& tick, Pass& pass) {
    tick.data.served.assign(tick.data.served.size(), false);
    for (const auto lever : {Lever::cpuMax, Lever::memoryReclaim, Lever::memoryHigh}) {
        planDown(tick, pass, lever);
    }
    planEviction(tick, pass);
    planCloseNode(tick, pass);
}

/// Carried out in the documents' order: closing the node, eviction, what lowers, what raises, and
/// opening the node.
int turnOf(const Step& step) {
    if (step.disposition != Disposition::act) {
        return 4;
    }
    switch (step.kind) {
    case StepKind::closeNode: return 0;
    case StepKind::evict: return 1;
    case StepKind::openNode: return 3;
    default: return 2;
    }
}

const Step* stepFor(const Tick& tick, Lever lever, std::size_t sample) {
    const auto& steps = tick.plan.steps;
    const auto found = std::ranges::find_if(steps, [&](const Step& each) {
        return each.lever == lever && each.pod == tick.data.bound[sample].cgroup;
    });
    return found == steps.end() ? nullptr : &*found;
}

void explain(Tick& tick, Lever lever, std::size_t sample, const CandidateFacts* facts) {
    auto& pod = tick.data.bound[sample].of(lever);
    if (pod.explained || (facts == nullptr && pod.leftAlone.empty())) {
        return;
    }
    pod.explained = true;
    if (tick.plan.considered.size() >= Plan::kMostConsidered) {
        ++tick.plan.consideredOmitted;
        return;
    }
    const auto* step = pod.leftAlone.empty() ? stepFor(tick, lever, sample) : nullptr;
    tick.plan.considered.push_back(
        {.podName = podName(tick, sample),
         .lever = lever,
         .facts = facts == nullptr ? std::string() : describe(*facts, lever),
         .note = step != nullptr ? brief(*step) : std::string(pod.leftAlone),
         .touched = step != nullptr});
}

/// How many more pods a rule may touch whose metric does not say by how much. Those that wait to be
/// judged keep their places: who did it could not be told otherwise.
unsigned batchLeft(const Tick& tick, const RuleKey& rule, Lever lever) {
    if (lever == Lever::eviction) {
        return 1;
    }
    const auto waiting =
        std::ranges::count_if(tick.data.effects.pending, [&](const PendingEffect& each) {
            return each.lever == lever && each.isFor(rule);
        });
    const auto batch = tick.policy.settings.batch;
    return batch - std::min(batch, static_cast<unsigned>(waiting));
}

/// What a rule whose metric does not say by how much is waiting for on another lever: two at once
/// could not be told apart.
bool isBusyElsewhere(const Tick& tick, std::size_t rule, Lever lever) {
    const auto& key = tick.policy.rules[rule].key;
    return tick.data.served[rule] ||
           std::ranges::any_of(tick.data.effects.pending, [&](const PendingEffect& each) {
               return each.lever != lever && each.lever != Lever::eviction && each.isFor(key);
           });
}

} // namespace

void plan(Tick& tick) {
    forgetYielded(tick);
    forgetDoor(tick);
    planHeld(tick);
    planRelief(tick);
    Pass act{.explain = true};
    planAllDown(tick, act);
    planRestore(tick);
    planOpenNode(tick);
    Pass preview{.preview = true, .explain = !act.anyActs};
    planAllDown(tick, preview);
    if (!tick.plan.steps.empty()) {
        std::ranges::stable_sort(tick.plan.steps, {}, turnOf);
    }
    for (auto& step : tick.plan.steps) {
        step.planTick = tick.snapshot.tick;
    }
    noteSteps(tick);
}

void countInFlight(Tick& tick) {
    followTerminating(tick);
    countLeaving(tick);
}

void collectActing(Tick& tick, const Pass& pass, Lever lever) {
    tick.data.acting.clear();
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        const auto& rule = tick.policy.rules[i];
        if (!tick.data.rules[i].acts || rule.preview != pass.preview || !rule.levers.has(lever) ||
            !rule.action) {
            continue;
        }
        Acting acting{.rule = i, .action = &tick.policy.actions[*rule.action]};
        if (rule.quantified(lever)) {
            acting.gap = tick.data.ruleStatuses[i].gap;
            if (!acting.gap) {
                continue; // the node's size is unknown: nothing can be weighed against it
            }
        } else {
            if (lever != Lever::scheduling && isBusyElsewhere(tick, i, lever)) {
                continue;
            }
            acting.batchLeft = batchLeft(tick, rule.key, lever);
        }
        tick.data.acting.push_back(acting);
    }
}

ReleaseUnit unitOf(Lever lever) {
    return lever == Lever::cpuMax ? ReleaseUnit::millicores : ReleaseUnit::bytes;
}

double nothing(ReleaseUnit unit) {
    return unit == ReleaseUnit::millicores ? kNothing.value : kNoMemory.value;
}

double wanted(const Tick& tick, const Pass& pass, const Acting& acting) {
    if (!acting.gap) {
        return std::numeric_limits<double>::infinity();
    }
    return acting.gap->amount - amountOf(tick.leaving, acting.gap->unit) -
           amountOf(pass.released, acting.gap->unit);
}

const CompiledRule* leadingRule(const Tick& tick) {
    const CompiledRule* leading = nullptr;
    for (const auto& acting : tick.data.acting) {
        const auto& rule = tick.policy.rules[acting.rule];
        if (leading == nullptr || rule.metric->actionPriority > leading->metric->actionPriority) {
            leading = &rule;
        }
    }
    return leading;
}

CandidateFacts factsOf(const Tick& tick, std::size_t sample, const CompiledRule* rule) {
    const auto& bound = tick.data.bound[sample];
    const auto& known = tick.policy.pods[bound.pod];
    return {.elasticCpu = known.elasticCpu,
            .elasticMemory = known.elasticMemory,
            .priority = known.pod.priority,
            .qosClass = known.pod.qosClass,
            .usage = usageOf(tick, sample, Lever::eviction).value_or(Resources{}),
            .metricValue = rule == nullptr ? 0 : ownValue(tick, *rule, sample),
            .startTime = known.pod.startTime,
            .name = known.fullName,
            .path = bound.cgroup->cgroup.path.value};
}

void sortCandidates(Tick& tick) {
    const auto* leading = leadingRule(tick);
    const auto& order = leading == nullptr ? generalOrder() : leading->metric->order;
    for (auto& candidate : tick.data.order) {
        candidate.rank = rankOf(candidate.facts, order);
    }
    std::ranges::sort(tick.data.order,
                      [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
}

std::optional<Resources> usageOf(const Tick& tick, std::size_t sample, Lever lever) {
    const auto& pod = tick.snapshot.pods[sample];
    const bool hasCpu = pod.cpuUsage && std::isfinite(pod.cpuUsage->value);
    const bool hasMemory = pod.memoryWorkingSet && std::isfinite(pod.memoryWorkingSet->value);
    const bool isEnough = lever == Lever::cpuMax     ? hasCpu
                          : lever == Lever::eviction ? hasCpu || hasMemory
                                                     : hasMemory;
    if (!isEnough) {
        return std::nullopt;
    }
    return Resources{.cpu = hasCpu ? *pod.cpuUsage : Millicores{},
                     .memory = hasMemory ? *pod.memoryWorkingSet : Bytes{}};
}

bool isChanging(const Tick& tick, std::size_t sample) {
    const auto isChanging = [&](Lever lever) {
        const auto* view = tick.heldBy(sample, lever);
        return view != nullptr && view->held->changing;
    };
    return isChanging(Lever::cpuMax) || isChanging(Lever::memoryHigh);
}

std::optional<Limit> limitOf(const Tick& tick, std::size_t sample, Lever lever) {
    const auto& pod = tick.snapshot.pods[sample];
    if (lever == Lever::cpuMax) {
        return pod.cpuMax ? std::optional<Limit>(*pod.cpuMax) : std::nullopt;
    }
    return pod.memoryHigh ? std::optional<Limit>(*pod.memoryHigh) : std::nullopt;
}

std::string podName(const Tick& tick, std::size_t sample) {
    const auto& bound = tick.data.bound[sample];
    return bound.pod == kNone ? bound.cgroup->cgroup.path.value
                              : tick.policy.pods[bound.pod].fullName;
}

Resources usageAbove(const Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    const auto usage = usageOf(tick, view.sample, held.lever());
    if (!usage || held.applied.unlimited()) {
        return {};
    }
    if (held.lever() == Lever::cpuMax) {
        const auto rate = held.applied.cpuMax().rate().value_or(usage->cpu);
        return {.cpu = std::max(Millicores{}, usage->cpu - rate)};
    }
    const auto high = held.applied.memoryHigh().bytes.value_or(usage->memory);
    return {.memory = std::max(Bytes{}, usage->memory - high)};
}

Resources inFlight(const Tick& tick, const HeldView& view) {
    const auto& held = *view.held;
    const auto ticks = held.lever() == Lever::cpuMax ? kCpuTicksInFlight : kMemoryTicksInFlight;
    if (view.sample == kNone) {
        return {};
    }
    if (held.changing) { // `applied` is what it was before
        return {.memory = effectInFlight(tick, view.sample, held.lever())};
    }
    const bool isOver = tick.snapshot.tick > held.changedTick + ticks;
    return isOver ? Resources{} : usageAbove(tick, view);
}

void explainCandidates(Tick& tick, const Pass& pass, Lever lever) {
    if (!pass.explain) {
        return;
    }
    for (const auto& candidate : tick.data.order) {
        explain(tick, lever, candidate.sample, &candidate.facts);
    }
    for (std::size_t i = 0; i < tick.data.bound.size(); ++i) {
        explain(tick, lever, i, nullptr);
    }
}

} // namespace plimsoll::analyzer
