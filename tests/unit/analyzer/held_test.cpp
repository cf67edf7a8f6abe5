// SPDX-License-Identifier: Apache-2.0
// Somebody else wrote the file of a pod that is held down.
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using testing::HasSubstr;

FakeNode withOneHeld() {
    auto node = FakeNode::withRule();
    node.add("a", 7000);
    node.tick();
    EXPECT_NE(node.findHeld("a"), nullptr);
    return node;
}

TEST(Drift, a_value_that_went_back_to_the_baseline_is_written_again) {
    auto node = withOneHeld();
    const auto ours = node.find("a").cpuMax;
    node.find("a").cpuMax = test::unlimited(Microseconds{50'000}); // as after a daemon-reload
    node.tick();
    ASSERT_EQ(node.decision.plan.steps.size(), 1U) << "and nothing else is done with the pod";
    const auto& step = node.decision.plan.steps[0];
    EXPECT_EQ(step.kind, StepKind::reapply);
    EXPECT_EQ(step.to, ours);
    EXPECT_EQ(step.causes, (std::vector<RuleKey>{{"node", "cpu"}}));
    EXPECT_EQ(node.findHeld("a")->reapplied, 1U);
}

TEST(Drift, a_contested_pod_is_let_go_after_so_many_times) {
    auto node = withOneHeld();
    for (unsigned i = 0; i < node.settings.maxReapply; ++i) {
        node.find("a").cpuMax = test::unlimited();
        node.tick();
        ASSERT_EQ(node.steps(StepKind::reapply).size(), 1U);
    }
    node.find("a").cpuMax = test::unlimited();
    node.tick();
    ASSERT_EQ(node.steps(StepKind::yield).size(), 1U);
    EXPECT_THAT(node.steps(StepKind::yield)[0]->reason, HasSubstr("contested"));
    EXPECT_TRUE(node.held.empty());
}

TEST(Drift, somebody_elses_value_stands_until_no_rule_acts_any_more) {
    auto node = withOneHeld();
    node.find("a").cpuMax = test::quota(650'000);
    node.tick();
    ASSERT_EQ(node.steps(StepKind::yield).size(), 1U);
    EXPECT_THAT(node.steps(StepKind::yield)[0]->reason,
                HasSubstr("from 630000 100000 to 650000 100000"));
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("somebody else set its cpu.max"));
    node.find("a").demand = Millicores{1000};
    node.ticks(3);
    node.find("a").demand = Millicores{7000};
    node.tick();
    ASSERT_EQ(node.steps(StepKind::throttle).size(), 1U) << "a new episode";
    EXPECT_EQ(node.findHeld("a")->baseline, test::quota(650'000));
}

TEST(Drift, a_snapshot_from_before_the_change_is_not_judged) {
    auto node = FakeNode::withRule();
    node.add("a", 7000);
    const auto snapshot = node.measure();
    node.decideOn(snapshot);
    node.carryOut(node.decision.plan);
    node.decideOn(snapshot);
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("too fresh"));
}

TEST(Drift, an_unknown_value_is_not_drift_and_nothing_is_done) {
    auto node = withOneHeld();
    node.find("a").cpuMaxKnown = false;
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    node.find("a").demand = {};
    node.ticks(3);
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_EQ(node.decision.rules[0].verdict.kind, VerdictKind::coolingDown);
}

TEST(Drift, an_orphan_with_somebody_elses_value_is_let_go_and_not_undone) {
    auto node = withOneHeld();
    node.find("a").cpuMax = test::quota(650'000);
    node.policy.nodeQos.clear();
    node.recompile();
    node.tick();
    EXPECT_EQ(node.steps(StepKind::yield).size(), 1U);
    EXPECT_TRUE(node.steps(StepKind::undo).empty());
}

TEST(Undo, needs_no_metric_no_usage_and_no_reading) {
    auto node = withOneHeld();
    node.cpuKnown = false;
    node.find("a").usageKnown = node.find("a").cpuMaxKnown = false;
    node.policy.nodeQos.clear();
    node.recompile();
    node.tick();
    ASSERT_EQ(node.steps(StepKind::undo).size(), 1U);
    EXPECT_EQ(node.find("a").cpuMax, test::unlimited());
}

TEST(Undo, leaves_a_pod_alone_whose_cgroup_is_gone) {
    auto node = withOneHeld();
    node.remove("a");
    node.policy.nodeQos.clear();
    node.recompile();
    EXPECT_TRUE(node.tick().plan.empty());
}

TEST(Undo, puts_back_what_is_held_for_a_rule_at_rest) {
    auto node = withOneHeld();
    auto restarted = FakeNode::withRule();
    restarted.pods = node.pods;
    restarted.held = node.held;
    restarted.find("a").demand = {};
    restarted.tick();
    EXPECT_EQ(restarted.steps(StepKind::undo).size(), 1U);
}

TEST(Undo, a_rule_does_not_come_to_rest_while_a_held_pod_is_out_of_sight) {
    auto node = withOneHeld();
    node.find("a").demand = {};
    auto snapshot = node.measure();
    snapshot.pods.clear();
    EXPECT_EQ(node.decideOn(snapshot).rules[0].verdict.kind, VerdictKind::coolingDown);
    node.tick();
    EXPECT_EQ(node.steps(StepKind::restore).size(), 1U);
}

TEST(Undo, a_cgroup_made_again_under_the_same_path_is_another_pod) {
    auto node = withOneHeld();
    auto again = *node.find("a").cgroup;
    again.cgroup.inode += 1000;
    node.find("a").cgroup = std::make_shared<PodCgroup>(again);
    node.find("a").cpuMax = test::unlimited();
    node.tick();
    ASSERT_EQ(node.decision.plan.steps.size(), 1U);
    EXPECT_EQ(node.decision.plan.steps[0].kind, StepKind::throttle);
    EXPECT_EQ(node.decision.plan.steps[0].pod->cgroup.inode, again.cgroup.inode);
}

} // namespace
} // namespace plimsoll::analyzer
