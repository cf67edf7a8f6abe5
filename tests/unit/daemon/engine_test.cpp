// SPDX-License-Identifier: Apache-2.0
// The whole main job on a tree of plain files: the rooms are the real ones.
#include "daemon/engine.hpp"
#include "tests/unit/support/allocations.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Recorder : public audit::Sink {
public:
    void write(const audit::Entry& entry) override {
        names.emplace_back(audit::info(entry.event).name);
        entries.push_back(entry);
    }
    std::vector<std::string> names;
    std::vector<audit::Entry> entries;
};

const std::string kUid = "11111111-2222-3333-4444-555555555555";
const std::string kPod = test::systemdPodPath("besteffort", kUid);

cgroup::Hierarchy unified(const std::string&) {
    return cgroup::Hierarchy::unified;
}
cgroup::Hierarchy hybrid(const std::string&) {
    return cgroup::Hierarchy::hybrid;
}

PolicySet throttleAbove1000(Strategy strategy = Strategy::none) {
    PolicySet policy;
    policy.nodeQos = {{.name = "w",
                       .rules = {{.name = "cpu",
                                  .metric = "cpu_total_usage",
                                  .watermark = 1000,
                                  .avoidanceThreshold = 2,
                                  .restoreThreshold = 2,
                                  .actionName = "throttle",
                                  .strategy = strategy}}}};
    policy.actions = {{.name = "throttle",
                       .coolDown = 3s,
                       .cpuThrottle = CpuThrottle{.minCpuRatio = 10, .stepCpuRatio = 50}}};
    policy.podQos = {
        {.name = "be", .allowedActions = {"throttle"}, .labelSelector = LabelSelector{}}};
    policy.pods = {{.namespaceName = "jobs",
                    .name = "batch",
                    .uid = PodUid(kUid),
                    .qosClass = QosClass::bestEffort,
                    .containers = {{.name = "main"}}}};
    return policy;
}

class EngineOnATree : public testing::Test {
protected:
    EngineOnATree() {
        tree.write("cgroup.controllers", "cpuset cpu io memory pids\n");
        tree.write("kubepods.slice/cgroup.controllers", "cpuset cpu io memory pids\n");
        tree.write("kubepods.slice/cgroup.subtree_control", "cpuset cpu io memory pids\n");
        tree.makeDirectory("kubepods.slice/kubepods-besteffort.slice");
        tree.writeCgroup(kPod);
        tree.writeProc(busy, idle);
    }

    EngineSettings settings() {
        return {.cgroupMount = tree.root(),
                .probe = unified,
                .procRoot = tree.path("proc"),
                .runtimeDirectory = tree.path("run"),
                .nodeName = "node"};
    }

    /// A second in which the node's two CPUs were busy with `node` millicores, `pod` of them the
    /// pod's.
    void pass(double node, double pod) {
        now += 1s;
        busy += static_cast<unsigned long long>(node / 10); // 100 jiffies a second and CPU
        idle += static_cast<unsigned long long>((2000 - node) / 10);
        podUsage += static_cast<unsigned long long>(pod * 1000);
        tree.writeProc(busy, idle);
        tree.write(kPod + "/cpu.stat", test::cpuStatText(podUsage));
    }
    void second(Engine& engine, double node, double pod) {
        pass(node, pod);
        engine.tick(now);
    }

    std::string cpuMax() { return tree.read(kPod + "/cpu.max"); }

    test::FakeTree tree;
    Recorder audit;
    MonotonicTime now{100s};
    unsigned long long busy = 1000;
    unsigned long long idle = 1000;
    unsigned long long podUsage = 1'000'000;
};

TEST_F(EngineOnATree, throttles_above_the_watermark_and_restores_the_bytes_after_cool_down) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    second(engine, 500, 400);
    second(engine, 1800, 1500);
    EXPECT_EQ(cpuMax(), "max 100000\n") << "no rate before the second sample, then one hit of two";
    second(engine, 1800, 1500);
    second(engine, 1800, 1500);
    EXPECT_NE(cpuMax(), "max 100000\n");
    EXPECT_EQ(engine.published().mode, Mode::avoiding);
    ASSERT_EQ(engine.published().held.size(), 1U);
    EXPECT_EQ(engine.published().held[0].podName, "jobs/batch");
    for (int i = 0; i < 20; ++i) {
        second(engine, 600, 500);
    }
    EXPECT_EQ(cpuMax(), "max 100000\n");
    EXPECT_THAT(engine.published().held, IsEmpty());
    EXPECT_EQ(engine.published().mode, Mode::watching);
    EXPECT_THAT(audit.names, Contains("rule-triggered"));
    EXPECT_THAT(audit.names, Contains("pod-throttled"));
    EXPECT_THAT(audit.names, Contains("rule-cooling-down"));
    EXPECT_THAT(audit.names, Contains("pod-restored"));
    EXPECT_THAT(audit.names, Contains("rule-restored"));
}

TEST_F(EngineOnATree, preview_says_what_it_would_do_once_and_touches_nothing) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000(Strategy::preview));
    for (int i = 0; i < 6; ++i) {
        second(engine, 1800, 1500);
    }
    EXPECT_EQ(cpuMax(), "max 100000\n");
    EXPECT_EQ(std::ranges::count(audit.names, "pod-preview"), 1);
    EXPECT_THAT(audit.names, testing::Not(Contains("pod-throttled")));
}

TEST_F(EngineOnATree, a_preview_beside_it_does_not_slow_an_acting_rule_down) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    auto policy = throttleAbove1000();
    auto preview = policy.nodeQos[0];
    preview.name = "preview";
    preview.rules[0].strategy = Strategy::preview;
    policy.nodeQos.push_back(std::move(preview));
    engine.setPolicy(policy);
    for (int i = 0; i < 8; ++i) {
        second(engine, 1900, 700);
    }
    EXPECT_GT(std::ranges::count(audit.names, "pod-throttled"), 1);
}

TEST_F(EngineOnATree, a_held_pod_shows_the_rules_that_still_hold_it) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    auto policy = throttleAbove1000();
    policy.nodeQos.push_back(policy.nodeQos[0]);
    policy.nodeQos[1].name = "second";
    engine.setPolicy(policy);
    for (int i = 0; i < 4; ++i) {
        second(engine, 1900, 1500);
    }
    ASSERT_EQ(engine.published().held.at(0).causes.size(), 2U);
    policy.nodeQos[1].rules[0].watermark = 5000;
    engine.setPolicy(policy);
    second(engine, 1100, 100);
    EXPECT_THAT(engine.published().held.at(0).causes, ElementsAre(RuleKey{"w", "cpu"}));
}

TEST_F(EngineOnATree, stop_puts_everything_back) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    for (int i = 0; i < 5; ++i) {
        second(engine, 1800, 1500);
    }
    ASSERT_NE(cpuMax(), "max 100000\n");
    engine.undoAll("test");
    EXPECT_EQ(cpuMax(), "max 100000\n");
}

TEST_F(EngineOnATree, a_new_run_undoes_what_a_killed_one_left) {
    {
        Engine killed(settings(), audit);
        ASSERT_TRUE(killed.attach().has_value());
        killed.setPolicy(throttleAbove1000());
        for (int i = 0; i < 5; ++i) {
            second(killed, 1800, 1500);
        }
        ASSERT_NE(cpuMax(), "max 100000\n");
    }
    Engine next(settings(), audit);
    ASSERT_TRUE(next.attach().has_value());
    EXPECT_EQ(cpuMax(), "max 100000\n");
    EXPECT_THAT(audit.names, Contains("leftover-undone"));
}

TEST_F(EngineOnATree, a_removed_policy_undoes_what_it_caused) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    for (int i = 0; i < 5; ++i) {
        second(engine, 1800, 1500);
    }
    ASSERT_NE(cpuMax(), "max 100000\n");
    auto without = throttleAbove1000();
    without.nodeQos.clear();
    engine.setPolicy(without);
    second(engine, 1800, 1500);
    EXPECT_EQ(cpuMax(), "max 100000\n");
    EXPECT_THAT(engine.published().held, IsEmpty());
}

TEST_F(EngineOnATree, waits_for_kubelet_and_finds_the_tree_later) {
    tree.remove("kubepods.slice");
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value()) << "no pods yet is not an error";
    engine.setPolicy(throttleAbove1000());
    engine.tick(now);
    EXPECT_THAT(engine.published().snapshot->pods, IsEmpty());
    tree.write("kubepods.slice/cgroup.controllers", "cpuset cpu io memory pids\n");
    tree.writeCgroup(kPod);
    for (int i = 0; i < 7; ++i) {
        second(engine, 100, 0);
    }
    EXPECT_EQ(engine.published().snapshot->pods.size(), 1U);
}

TEST_F(EngineOnATree, refuses_a_hybrid_node_with_a_sentence_that_says_what_to_change) {
    auto hybridNode = settings();
    hybridNode.probe = hybrid;
    Engine engine(hybridNode, audit);
    const auto attached = engine.attach();
    ASSERT_FALSE(attached.has_value());
    EXPECT_EQ(attached.error().code, ENOTSUP);
    EXPECT_THAT(attached.error().what, testing::HasSubstr("systemd.unified_cgroup_hierarchy=1"));
    EXPECT_EQ(engine.published().mode, Mode::refusing);
    EXPECT_THAT(audit.names, ElementsAre("node-refused"));
}

TEST_F(EngineOnATree, an_unknown_moment_triggers_nothing_anew) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    for (int i = 0; i < 5; ++i) {
        second(engine, 1800, 1500);
    }
    now += 1s;
    tree.write("proc/stat", "garbage\n");
    engine.tick(now);
    for (int i = 0; i < 3; ++i) {
        second(engine, 1800, 1500);
    }
    EXPECT_EQ(std::ranges::count(audit.names, "rule-triggered"), 1);
    EXPECT_EQ(std::ranges::count(audit.names, "rule-unknown"), 1);
}

TEST_F(EngineOnATree, the_first_ticks_without_a_rate_are_no_news) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    second(engine, 500, 400);
    second(engine, 500, 400);
    EXPECT_THAT(audit.names, ElementsAre("policy-changed"));
}

TEST_F(EngineOnATree, follows_kubelet_to_another_driver) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    engine.tick(now);
    ASSERT_EQ(engine.published().snapshot->pods.size(), 1U);
    tree.remove("kubepods.slice");
    tree.write("kubepods/cgroup.controllers", "cpuset cpu io memory pids\n");
    tree.writeCgroup("kubepods/besteffort/pod" + kUid);
    for (int i = 0; i < 8; ++i) {
        now += 1s;
        engine.tick(now);
    }
    ASSERT_EQ(engine.published().snapshot->pods.size(), 1U);
    EXPECT_EQ(engine.published().snapshot->pods[0].pod->cgroup.path.value,
              "/kubepods/besteffort/pod" + kUid);
}

/// What the old executor's worker still has must be over before leftovers are looked for: else they
/// are undone first and written after.
TEST_F(EngineOnATree, looking_for_the_tree_again_undoes_through_the_executor_that_holds) {
    Engine engine(settings(), audit);
    std::vector<int> watched;
    engine.setPendingWatcher([&watched](int descriptor) { watched.push_back(descriptor); });
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    for (int i = 0; i < 5; ++i) {
        second(engine, 1800, 1500);
    }
    ASSERT_NE(cpuMax(), "max 100000\n");
    ASSERT_TRUE(engine.attach().has_value());
    EXPECT_EQ(cpuMax(), "max 100000\n");
    EXPECT_THAT(engine.published().held, IsEmpty());
    EXPECT_THAT(audit.names, testing::Not(Contains("leftover-undone")));
    EXPECT_THAT(audit.names, Contains("pod-restored"));
    ASSERT_EQ(watched.size(), 3U);
    EXPECT_EQ(watched[1], -1) << "before the descriptor is closed";
}

TEST_F(EngineOnATree, a_steady_tick_from_reading_to_publishing_allocates_nothing) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    for (int i = 0; i < 12; ++i) {
        second(engine, 500, 400);
    }
    for (int i = 0; i < 10; ++i) {
        pass(500, 400);
        const auto before = test::allocations();
        engine.tick(now);
        EXPECT_EQ(test::allocations() - before, 0U) << "tick " << i;
    }
}

TEST_F(EngineOnATree, says_the_same_failure_once) {
    Engine engine(settings(), audit);
    ASSERT_TRUE(engine.attach().has_value());
    engine.setPolicy(throttleAbove1000());
    second(engine, 1800, 1500);
    second(engine, 1800, 1500);
    // The file turns into a directory: every write fails, whoever runs the test.
    tree.remove(kPod + "/cpu.max");
    tree.makeDirectory(kPod + "/cpu.max");
    for (int i = 0; i < 5; ++i) {
        second(engine, 1800, 1500);
    }
    EXPECT_LE(std::ranges::count(audit.names, "step-failed"), 1);
    EXPECT_THAT(audit.names, testing::Not(Contains("pod-throttled")));
}

} // namespace
} // namespace plimsoll
