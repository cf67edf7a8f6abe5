// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/analyzer/fake_node.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::analyzer::test {

CpuMax unlimited(Microseconds period) {
    return {.quota = std::nullopt, .period = period};
}

CpuMax quota(std::int64_t microseconds, Microseconds period) {
    return {.quota = Microseconds{microseconds}, .period = period};
}

Millicores FakePod::usage() const {
    return std::min(demand, cpuMax.rate().value_or(demand));
}

/// memory.high takes what it can at once.
Bytes FakePod::workingSet() const {
    const auto high = memoryHigh.bytes.value_or(memoryDemand);
    return std::max(std::min(memoryDemand, high), std::min(memoryDemand, unreclaimable));
}

Rule makeRule(const RuleSpec& spec) {
    return {.name = spec.name,
            .metric = spec.metric,
            .seriesSelector = std::nullopt,
            .watermark = spec.watermark,
            .avoidanceThreshold = spec.avoidance,
            .restoreThreshold = spec.restore,
            .actionName = spec.action,
            .strategy = spec.strategy};
}

FakeNode FakeNode::withRule(const RuleSpec& spec) {
    FakeNode node;
    node.policy.nodeQos.push_back({.name = "node", .rules = {makeRule(spec)}});
    node.policy.podQos.push_back(
        {.name = "batch",
         .labelSelector = LabelSelector{
             {{.key = "tier", .op = LabelRequirement::Operator::in, .values = {"batch"}}}}});
    node.addAction("throttle", {.minCpuRatio = 10, .stepCpuRatio = 10});
    return node;
}

std::string FakeNode::addAction(const std::string& name, CpuThrottle terms) {
    policy.actions.push_back(
        {.name = name, .coolDown = std::chrono::seconds(0), .cpuThrottle = terms});
    policy.podQos[0].allowedActions.push_back(name);
    return name;
}

std::string FakeNode::addAction(AvoidanceAction action) {
    auto name = action.name;
    policy.podQos[0].allowedActions.push_back(name);
    policy.actions.push_back(std::move(action));
    return name;
}

Rule& FakeNode::addRule(const RuleSpec& spec) {
    policy.nodeQos[0].rules.push_back(makeRule(spec));
    return policy.nodeQos[0].rules.back();
}

FakePod& FakeNode::add(const std::string& name, double demand) {
    FakePod fake{.pod = {.namespaceName = "default", .name = name, .uid = PodUid(name + "-uid")},
                 .demand = Millicores{demand},
                 .cpuMax = unlimited()};
    fake.pod.labels["tier"] = "batch";
    fake.pod.qosClass = QosClass::bestEffort;
    fake.pod.containers.push_back({.name = "main"});
    fake.cgroup = std::make_shared<PodCgroup>(
        PodCgroup{.uid = fake.pod.uid,
                  .cgroup = {.path = CgroupPath("/kubepods.slice/" + name), .inode = ++inodes_}});
    pods.push_back(std::move(fake));
    return pods.back();
}

FakePod& FakeNode::find(const std::string& name) {
    const auto found =
        std::ranges::find(pods, name, [](const FakePod& each) { return each.pod.name; });
    if (found == pods.end()) {
        throw std::out_of_range("no pod " + name);
    }
    return *found;
}

void FakeNode::remove(const std::string& name) {
    std::erase_if(pods, [&name](const FakePod& each) { return each.pod.name == name; });
}

void FakeNode::recompile() {
    policy.pods.clear();
    for (const auto& each : pods) {
        policy.pods.push_back(each.pod);
    }
    compiled_ = compile(policy, settings);
}

Snapshot FakeNode::measure() {
    now_ += interval;
    Snapshot snapshot{.at = now_, .tick = ++tick_};
    snapshot.node.onlineCpus = cpus;
    if (cpuKnown) {
        snapshot.node.cpuUsage = usage();
        snapshot.node.cpuUtilization = Percent{usage().value / (10.0 * cpus)};
    }
    snapshot.node.memoryTotal = memoryTotal;
    snapshot.node.memoryUsage = memoryUsage();
    snapshot.node.memoryUtilization = Percent{memoryUsage() / memoryTotal * 100};
    snapshot.custom = std::make_shared<const CustomSamples>(custom);
    for (const auto& each : pods) {
        PodSample sample{.pod = each.cgroup};
        if (each.usageKnown) {
            sample.cpuUsage = each.usage();
            sample.memoryWorkingSet = sample.memoryCurrent = each.workingSet();
        }
        sample.memoryHigh = each.memoryHigh;
        sample.memoryHighEvents = each.memoryHighEvents;
        sample.stalled = each.stalled;
        if (each.cpuMaxKnown) {
            sample.cpuMax = each.cpuMax;
        }
        snapshot.pods.push_back(std::move(sample));
    }
    std::ranges::sort(snapshot.pods, {},
                      [](const PodSample& each) { return each.pod->cgroup.path; });
    return snapshot;
}

const Decision& FakeNode::decideOn(const Snapshot& snapshot) {
    if (!compiled_) {
        recompile();
    }
    decide(*compiled_, snapshot,
           {.held = held,
            .failed = failed,
            .reclaiming = reclaiming,
            .evicted = evicted,
            .canEvict = canEvict,
            .canCloseNode = canCloseNode,
            .whyNotEvict = whyNotEvict,
            .whyNotClose = whyNotClose,
            .closure = closure ? &*closure : nullptr},
           state_, decision);
    return decision;
}

const Decision& FakeNode::tick() {
    decideOn(measure());
    failed.clear();
    carryOut(decision.plan);
    return decision;
}

const Decision& FakeNode::ticks(int count) {
    for (int i = 0; i < count; ++i) {
        tick();
    }
    return decision;
}

void FakeNode::carryOut(const Plan& plan) {
    for (const auto& step : plan.steps) {
        if (step.disposition == Disposition::act) {
            carryOut(step, plan.tick);
        }
    }
}

void FakeNode::carryOut(const Step& step, std::uint64_t tick) {
    const auto fake = std::ranges::find(pods, step.pod, &FakePod::cgroup);
    switch (step.kind) {
    case StepKind::closeNode:
    case StepKind::openNode: turn(step); return;
    case StepKind::evict: // it takes its time: it is gone when the test says so
        if (std::ranges::find(refusing, fake->pod.name) != refusing.end()) {
            failed.push_back({fake->cgroup->cgroup.inode, step.lever, retryAfter});
        } else {
            evicted.push_back({fake->pod.uid, now_});
        }
        return;
    case StepKind::reclaim:
        fake->memoryDemand = std::max(std::min(fake->memoryDemand, fake->unreclaimable),
                                      fake->memoryDemand - step.amount);
        return;
    default: hold(step, tick);
    }
}

void FakeNode::turn(const Step& step) {
    if (nodeRefuses) {
        failed.push_back({.lever = step.lever, .notBefore = retryAfter});
    } else if (step.kind == StepKind::closeNode) {
        closure = {.state = NodeClosure::State::ours, .causes = step.causes};
    } else {
        closure = {.state = NodeClosure::State::open};
    }
}

void FakeNode::hold(const Step& step, std::uint64_t tick) {
    auto& fake = *std::ranges::find(pods, step.pod, &FakePod::cgroup);
    const auto isIt = [&step](const HeldPod& each) {
        return each.pod == step.pod && each.lever() == step.lever;
    };
    const bool isSlow = slowWrites && step.lever == Lever::memoryHigh;
    if (step.kind != StepKind::yield && !isSlow) {
        if (step.lever == Lever::cpuMax) {
            fake.cpuMax = step.to.cpuMax();
        } else {
            fake.memoryHigh = step.to.memoryHigh();
        }
    }
    if (step.kind == StepKind::yield || step.toBaseline) {
        std::erase_if(held, isIt);
        return;
    }
    auto found = std::ranges::find_if(held, isIt);
    if (found == held.end()) {
        found = held.insert(held.end(), HeldPod{.pod = step.pod,
                                                .podName = step.podName,
                                                .baseline = step.from,
                                                .firstUsage = step.usage});
    }
    // As the executor has it: what was asked for counts once it is there.
    found->applied = isSlow ? step.from : step.to;
    found->changing = isSlow;
    found->changedTick = tick;
    found->causes = step.causes;
    found->reapplied += step.kind == StepKind::reapply ? 1 : 0;
}

HeldPod* FakeNode::findHeld(const std::string& name, Lever lever) {
    const auto found = std::ranges::find_if(held, [&](const HeldPod& each) {
        return each.podName == "default/" + name && each.lever() == lever;
    });
    return found == held.end() ? nullptr : &*found;
}

Millicores FakeNode::usage() const {
    auto sum = otherUsage;
    for (const auto& each : pods) {
        sum += each.usage();
    }
    return sum;
}

Bytes FakeNode::memoryUsage() const {
    auto sum = otherMemory;
    for (const auto& each : pods) {
        sum += each.workingSet();
    }
    return sum;
}

std::vector<const Step*> FakeNode::steps(StepKind kind, Disposition disposition) const {
    std::vector<const Step*> found;
    for (const auto& step : decision.plan.steps) {
        if (step.kind == kind && step.disposition == disposition) {
            found.push_back(&step);
        }
    }
    return found;
}

std::vector<std::string> FakeNode::names(StepKind kind, Disposition disposition) const {
    std::vector<std::string> result;
    for (const auto* step : steps(kind, disposition)) {
        result.push_back(step->podName.substr(step->podName.find('/') + 1));
    }
    return result;
}

std::string FakeNode::skipOf(const std::string& name) const {
    const auto& considered = decision.plan.considered;
    const auto found = std::ranges::find_if(considered, [&](const Considered& each) {
        return each.podName == "default/" + name && !each.touched;
    });
    return found == considered.end() ? std::string() : found->note;
}

void FakeNode::deliver(const std::string& metric, double value, Labels labels) {
    auto found = std::ranges::find(custom.metrics, metric, &CustomMetric::name);
    if (found == custom.metrics.end()) {
        custom.metrics.push_back({.name = metric});
        std::ranges::sort(custom.metrics, {}, &CustomMetric::name);
        found = std::ranges::find(custom.metrics, metric, &CustomMetric::name);
    }
    const auto known = std::ranges::find(found->series, labels, &SeriesSample::labels);
    if (known != found->series.end()) {
        known->value = value;
        known->at = now_;
        return;
    }
    found->series.push_back({.labels = std::move(labels), .value = value, .at = now_});
}

} // namespace plimsoll::analyzer::test
