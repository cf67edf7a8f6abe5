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
    snapshot.node.memoryTotal = Bytes{16.0 * 1024 * 1024 * 1024};
    snapshot.node.memoryUsage = Bytes{1024.0 * 1024 * 1024};
    snapshot.node.memoryUtilization = Percent{6.25};
    for (const auto& each : pods) {
        PodSample sample{.pod = each.cgroup};
        if (each.usageKnown) {
            sample.cpuUsage = each.usage();
        }
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
    decide(*compiled_, snapshot, held, state_, decision);
    return decision;
}

const Decision& FakeNode::tick() {
    decideOn(measure());
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
        if (!step.preview) {
            carryOut(step, plan.tick);
        }
    }
}

void FakeNode::carryOut(const Step& step, std::uint64_t tick) {
    auto& fake = *std::ranges::find(pods, step.pod, &FakePod::cgroup);
    if (step.kind == StepKind::yield || step.toBaseline) {
        if (step.toBaseline) {
            fake.cpuMax = step.to;
        }
        std::erase_if(held, [&step](const HeldPod& each) { return each.pod == step.pod; });
        return;
    }
    auto found = std::ranges::find(held, step.pod, &HeldPod::pod);
    if (found == held.end()) {
        found = held.insert(held.end(), HeldPod{.pod = step.pod,
                                                .podName = step.podName,
                                                .baseline = step.from,
                                                .firstUsage = step.usage});
    }
    fake.cpuMax = step.to;
    found->applied = step.to;
    found->changedTick = tick;
    found->causes = step.causes;
    found->reapplied += step.kind == StepKind::reapply ? 1 : 0;
}

HeldPod* FakeNode::findHeld(const std::string& name) {
    const auto found = std::ranges::find(held, "default/" + name, &HeldPod::podName);
    return found == held.end() ? nullptr : &*found;
}

Millicores FakeNode::usage() const {
    auto sum = otherUsage;
    for (const auto& each : pods) {
        sum += each.usage();
    }
    return sum;
}

std::vector<const Step*> FakeNode::steps(StepKind kind, bool preview) const {
    std::vector<const Step*> found;
    for (const auto& step : decision.plan.steps) {
        if (step.kind == kind && step.preview == preview) {
            found.push_back(&step);
        }
    }
    return found;
}

std::string FakeNode::skipOf(const std::string& name) const {
    const auto found = std::ranges::find(decision.plan.skips, "default/" + name, &Skip::podName);
    return found == decision.plan.skips.end() ? std::string() : found->reason;
}

} // namespace plimsoll::analyzer::test
