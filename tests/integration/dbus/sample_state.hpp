// SPDX-License-Identifier: Apache-2.0
// A node with two rules and three pods, as the engine would publish it.
#pragma once

#include "daemon/model/published.hpp"

#include <memory>
#include <string>
#include <utility>

namespace plimsoll::test {

inline const char* const kRulePath = "/org/plimsoll/Node1/rule/watermark1/cpu_2dusage";
/// The uid of pod "offline/batch-0" and its object.
inline const char* const kBatchUid = "0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000";
inline const char* const kBatchPath =
    "/org/plimsoll/Node1/pod/_30a6f0cd6_2d5f1d_2d4d0f_2d8a44_2dc0ffee000000";

inline std::shared_ptr<const PodCgroup> podCgroup(const std::string& uid) {
    PodCgroup out;
    out.uid = PodUid(uid);
    out.qosClass = QosClass::bestEffort;
    out.cgroup = {CgroupPath("/kubepods.slice/kubepods-besteffort.slice/pod" + uid), 4711};
    return std::make_shared<const PodCgroup>(out);
}

/// A pod without readings, appended to the state and to the snapshot.
inline void addPod(Published& state, Snapshot& snapshot, const std::string& uid,
                   const std::string& name) {
    const auto cgroup = podCgroup(uid);
    state.pods.push_back(
        {.cgroup = cgroup, .podName = name, .qosClass = QosClass::bestEffort, .priority = -100});
    PodSample sample;
    sample.pod = cgroup;
    snapshot.pods.push_back(std::move(sample));
}

/// A new tick with the same pods and other readings.
inline void nextTick(Published& state) {
    auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
    ++snapshot->tick;
    snapshot->at += std::chrono::seconds(1);
    snapshot->node.cpuUsage = Millicores{snapshot->node.cpuUsage.value_or(Millicores{}).value + 1};
    state.snapshot = snapshot;
}

inline HeldPod heldPod(const Published& state, std::size_t index) {
    HeldPod held;
    held.pod = state.pods[index].cgroup;
    held.podName = state.pods[index].podName;
    held.baseline = CpuMax{std::nullopt, Microseconds(100'000)};
    held.applied = CpuMax{Microseconds(45'000), Microseconds(100'000)};
    held.causes = {{"watermark1", "cpu-usage"}};
    return held;
}

/// The same pod by its other lever.
inline HeldPod heldByMemory(const Published& state, std::size_t index) {
    HeldPod held = heldPod(state, index);
    held.baseline = MemoryHigh{};
    held.applied = MemoryHigh{Bytes{52'428'800}};
    held.causes = {{"watermark1", "memory"}, {"watermark1", "cpu-usage"}};
    return held;
}

inline void fill(Published& state) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->tick = 7;
    snapshot->at = MonotonicTime(std::chrono::microseconds(123'456'789));
    snapshot->node.onlineCpus = 4;
    snapshot->node.cpuUsage = Millicores{3250.5};
    snapshot->node.cpuUtilization = Percent{81.25};
    snapshot->node.memoryUsage = std::unexpected(Unknown::unreadable);
    snapshot->node.pressure.cpu = Pressure{.some = {1.5, 0.5, 0.25, 42}, .full = std::nullopt};

    state.mode = Mode::watching;
    state.modeReason = "no rule is above its watermark";
    state.cluster = {.state = ClusterStatus::State::incomplete,
                     .problem = "NodeQOS: the CRD is not installed",
                     .server = "https://10.0.0.1:6443",
                     .mirroredAt = 1'700'000'000'000'000,
                     .scheduling = NodeClosure::State::foreigns};
    state.nodeName = "node-a";
    state.policyGeneration = 3;
    state.lastError = "";
    state.refusals = {{.severity = Refusal::Severity::error,
                       .file = "p.yaml",
                       .line = 4,
                       .object = "NodeQOS/x",
                       .path = "spec",
                       .reason = "nothing there"}};

    RuleStatus rule;
    rule.key = {"watermark1", "cpu-usage"};
    rule.rule = {.name = "cpu-usage",
                 .metric = "cpu_total_usage",
                 .watermark = 3000,
                 .avoidanceThreshold = 2,
                 .restoreThreshold = 3,
                 .actionName = "throttle"};
    rule.unit = "millicores";
    rule.verdict = {VerdictKind::rising, 1, 2};
    rule.value = 3250.5;
    rule.gap = Gap{.unit = ReleaseUnit::millicores, .amount = 275.5};
    rule.hit = true;
    RuleStatus blind;
    blind.key = {"watermark1", "memory"};
    blind.rule = {.name = "memory",
                  .metric = "memory_total_utilization",
                  .watermark = 80,
                  .actionName = "evict",
                  .strategy = Strategy::preview};
    blind.unit = "percent";
    blind.trouble = "MemAvailable cannot be read";
    blind.preview = {.episodes = 6,
                     .onItsOwn = 3,
                     .byOthers = 1,
                     .wouldHelp = 2,
                     .lastSeconds = 42.5,
                     .lastExpected = {.cpu = Millicores{300}, .memory = Bytes{4096}}};
    blind.verdict = {VerdictKind::unknown, 0, 0};
    blind.limitation = "eviction needs a cluster";
    state.rules = {rule, blind};

    addPod(state, *snapshot, kBatchUid, "offline/batch-0");
    addPod(state, *snapshot, "11111111-aaaa-4bbb-8ccc-000000000001", "online/web-0");
    addPod(state, *snapshot, "22222222-aaaa-4bbb-8ccc-000000000002", "");
    snapshot->pods[0].cpuUsage = Millicores{900};
    snapshot->pods[0].memoryWorkingSet = Bytes{64.0 * 1024 * 1024};
    snapshot->pods[0].cpuMax = CpuMax{std::nullopt, Microseconds(100'000)};
    snapshot->pods[0].memoryHigh = MemoryHigh{};
    state.pods[1].exemption = "no PodQOS allows an action for it";
    state.snapshot = snapshot;
}

} // namespace plimsoll::test
