// SPDX-License-Identifier: Apache-2.0
// Which rules count, which can never act, and what survives a change of the policy.
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using testing::HasSubstr;

const RuleStatus& firstRule(FakeNode& node) {
    return node.tick().rules.at(0);
}

void expectInvalid(FakeNode& node, const char* why) {
    node.add("a", 9000);
    const auto& status = firstRule(node);
    EXPECT_EQ(status.verdict.kind, VerdictKind::invalid);
    EXPECT_THAT(status.limitation, HasSubstr(why));
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(RuleCheck, a_metric_that_nothing_delivers_is_unknown_and_a_near_name_is_pointed_out) {
    auto node = FakeNode::withRule({.metric = "cpu_total_usag"});
    node.add("a", 9000);
    const auto& status = firstRule(node);
    EXPECT_EQ(status.verdict.kind, VerdictKind::unknown);
    EXPECT_THAT(status.limitation, HasSubstr("cpu_total_usage is one"));
    EXPECT_THAT(status.trouble, HasSubstr("nothing has delivered cpu_total_usag"));
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(RuleCheck, an_action_that_does_not_exist_is_invalid) {
    auto node = FakeNode::withRule({.action = "nobody"});
    expectInvalid(node, "there is no AvoidanceAction nobody");
}

TEST(RuleCheck, a_series_selector_that_matches_nothing_is_invalid) {
    auto node = FakeNode::withRule();
    node.rule().seriesSelector =
        LabelSelector{{{.key = "pod", .op = LabelRequirement::Operator::in, .values = {"a"}}}};
    expectInvalid(node, "cpu_total_usage has no labels");
}

TEST(RuleCheck, an_empty_series_selector_matches) {
    auto node = FakeNode::withRule();
    node.rule().seriesSelector = LabelSelector{};
    EXPECT_EQ(firstRule(node).verdict.kind, VerdictKind::idle);
}

TEST(RuleCheck, a_watermark_that_is_not_a_number_is_invalid) {
    auto node = FakeNode::withRule({.watermark = std::numeric_limits<double>::quiet_NaN()});
    expectInvalid(node, "the watermark is not a number");
}

TEST(RuleCheck, the_second_rule_of_a_name_is_invalid) {
    auto node = FakeNode::withRule();
    node.policy.nodeQos[0].rules.push_back(node.rule());
    node.tick();
    EXPECT_EQ(node.decision.rules.at(0).verdict.kind, VerdictKind::idle);
    EXPECT_EQ(node.decision.rules.at(1).verdict.kind, VerdictKind::invalid);
}

void expectLimited(FakeNode& node, const char* why) {
    node.add("a", 9000);
    const auto& status = firstRule(node);
    EXPECT_EQ(status.verdict.kind, VerdictKind::avoiding) << "its verdict is shown all the same";
    EXPECT_THAT(status.limitation, HasSubstr(why));
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(RuleCheck, memory_is_not_lowered_by_throttling) {
    auto node = FakeNode::withRule({.watermark = 1, .metric = "memory_total_usage"});
    expectLimited(node, "memory_total_usage is not lowered by cpuThrottle");
}

TEST(RuleCheck, a_throttle_without_a_step_changes_nothing) {
    auto node = FakeNode::withRule();
    node.action().cpuThrottle->stepCpuRatio = 0;
    expectLimited(node, "is 0: a throttle without a step changes nothing");
}

TEST(RuleCheck, an_action_that_no_pod_qos_allows_touches_nobody) {
    auto node = FakeNode::withRule();
    node.policy.podQos[0].allowedActions = {"throttl", "Throttle"};
    expectLimited(node, "no PodQOS allows action throttle");
}

TEST(RuleCheck, eviction_and_disabled_scheduling_need_a_cluster_and_are_shown) {
    auto node = FakeNode::withRule();
    node.action().cpuThrottle.reset();
    node.add("a", 9000);
    EXPECT_THAT(firstRule(node).trouble, HasSubstr("the node stays open for new pods"));
    ASSERT_EQ(node.decision.plan.steps.size(), 1U);
    EXPECT_EQ(node.decision.plan.steps[0].kind, StepKind::closeNode);
    EXPECT_EQ(node.decision.plan.steps[0].disposition, Disposition::unavailable);
    node.action().eviction.emplace();
    node.recompile();
    EXPECT_THAT(firstRule(node).trouble, HasSubstr("evictions are only shown"));
    EXPECT_TRUE(node.decision.rulesChanged);
    EXPECT_EQ(node.names(StepKind::evict, Disposition::unavailable),
              (std::vector<std::string>{"a"}));
}

TEST(RuleCheck, an_action_that_throttles_and_evicts_throttles_first) {
    auto node = FakeNode::withRule();
    node.action().eviction.emplace();
    node.add("a", 7000);
    EXPECT_EQ(firstRule(node).limitation, "");
    EXPECT_EQ(node.steps(StepKind::throttle).size(), 1U);
    EXPECT_EQ(node.decision.plan.steps.size(), 1U);
}

TEST(PolicyCompile, rules_for_other_nodes_are_not_listed) {
    auto node = FakeNode::withRule();
    node.policy.nodeQos[0].nodeSelector =
        LabelSelector{{{.key = "role", .op = LabelRequirement::Operator::exists}}};
    EXPECT_TRUE(node.tick().rules.empty());
    node.policy.node = Node{.name = "n", .labels = {{"role", ""}}};
    node.recompile();
    EXPECT_EQ(node.tick().rules.size(), 1U);
    EXPECT_TRUE(node.decision.rulesChanged);
}

TEST(PolicyCompile, the_nodes_cap_shortens_cool_downs_and_never_lengthens_them) {
    auto node = FakeNode::withRule();
    node.action().coolDown = std::chrono::seconds(300);
    node.settings.coolDownCap = std::chrono::seconds(2);
    node.add("a", 7000);
    node.tick();
    node.find("a").demand = {};
    EXPECT_EQ(node.ticks(2).rules[0].mayRestore, false);
    EXPECT_EQ(node.tick().rules[0].mayRestore, true);
}

TEST(PolicyChange, an_unchanged_rule_keeps_its_state) {
    auto node = FakeNode::withRule({.avoidance = 2});
    node.add("a", 7000);
    EXPECT_EQ(firstRule(node).verdict.text(), "rising 1/2");
    node.add("b", 10);
    node.action().description = "says more";
    node.policy.nodeQos.push_back({.name = "other", .rules = {test::makeRule({.name = "x"})}});
    node.recompile();
    EXPECT_EQ(firstRule(node).verdict.text(), "avoiding");
}

TEST(PolicyChange, a_changed_rule_starts_anew_and_what_it_did_is_undone) {
    auto node = FakeNode::withRule({.avoidance = 2});
    node.add("a", 7000);
    node.ticks(3);
    ASSERT_NE(node.findHeld("a"), nullptr);
    node.rule().watermark = 5000;
    node.recompile();
    EXPECT_EQ(firstRule(node).verdict.text(), "rising 1/2");
    const auto undone = node.steps(StepKind::undo);
    ASSERT_EQ(undone.size(), 1U);
    EXPECT_TRUE(undone[0]->toBaseline);
    EXPECT_EQ(undone[0]->to, test::unlimited());
    EXPECT_EQ(undone[0]->reason, "removed or changed: node/cpu");
}

TEST(PolicyChange, a_changed_action_or_ttl_is_a_changed_rule) {
    for (const bool ttl : {false, true}) {
        auto node = FakeNode::withRule();
        node.add("a", 7000);
        node.tick();
        ttl ? node.policy.nodeQos[0].localCacheTtl = std::chrono::seconds(5)
            : node.action().coolDown = std::chrono::seconds(5);
        node.recompile();
        node.tick();
        EXPECT_EQ(node.steps(StepKind::undo).size(), 1U);
    }
}

TEST(PolicyChange, a_removed_rule_leaves_the_pod_to_the_others) {
    auto node = FakeNode::withRule();
    node.policy.nodeQos[0].rules.push_back(test::makeRule({.name = "second", .watermark = 6500}));
    node.add("a", 7000);
    node.tick();
    ASSERT_EQ(node.findHeld("a")->causes.size(), 2U);
    node.find("a").demand = Millicores{1000};
    node.policy.nodeQos[0].rules.erase(node.policy.nodeQos[0].rules.begin());
    node.recompile();
    node.tick();
    EXPECT_TRUE(node.steps(StepKind::undo).empty());
    ASSERT_EQ(node.steps(StepKind::restore).size(), 1U);
    EXPECT_EQ(node.steps(StepKind::restore)[0]->causes, (std::vector<RuleKey>{{"node", "second"}}));
}

TEST(PolicyChange, a_dropped_cause_does_not_come_back_with_a_rule_of_the_same_name) {
    auto node = FakeNode::withRule();
    node.policy.nodeQos[0].rules.push_back(test::makeRule({.name = "second", .watermark = 6500}));
    node.add("a", 7000);
    node.tick();
    node.rule(0).watermark = 1;
    node.cpuKnown = false; // nothing moves, so the causes stand in the held pod as they were
    node.recompile();
    node.tick();
    node.cpuKnown = true;
    node.find("a").demand = {};
    node.rule(1).watermark = 6501;
    node.recompile();
    node.tick();
    EXPECT_EQ(node.steps(StepKind::undo).size(), 1U) << "both definitions are new by now";
}

TEST(PolicyChange, a_pod_that_nobody_allows_any_more_is_put_back) {
    auto node = FakeNode::withRule();
    node.add("a", 7000);
    node.tick();
    node.policy.podQos[0].allowedActions.clear();
    node.recompile();
    node.tick();
    ASSERT_EQ(node.steps(StepKind::undo).size(), 1U);
    EXPECT_THAT(node.steps(StepKind::undo)[0]->reason, HasSubstr("no PodQOS allows action"));
}

TEST(PolicyChange, a_pod_that_became_exempt_or_unknown_is_put_back) {
    for (const bool gone : {false, true}) {
        auto node = FakeNode::withRule();
        node.add("a", 7000);
        node.tick();
        node.find("a").pod.terminating = true;
        node.recompile();
        if (gone) {
            node.find("a").pod.uid = PodUid("another");
            node.recompile();
        }
        node.tick();
        ASSERT_EQ(node.steps(StepKind::undo).size(), 1U);
        EXPECT_THAT(node.steps(StepKind::undo)[0]->reason,
                    HasSubstr(gone ? "Pod object is gone" : "is terminating"));
    }
}

TEST(Changes, are_reported_once) {
    auto node = FakeNode::withRule();
    node.add("a", 10);
    node.tick();
    EXPECT_TRUE(node.decision.rulesChanged);
    EXPECT_TRUE(node.decision.podsChanged);
    node.recompile();
    node.tick();
    EXPECT_FALSE(node.decision.rulesChanged);
    EXPECT_FALSE(node.decision.podsChanged);
    node.find("a").pod.priority = 5;
    node.recompile();
    EXPECT_TRUE(node.tick().podsChanged);
    EXPECT_EQ(node.decision.pods[0].priority, 5);
    node.remove("a");
    EXPECT_TRUE(node.tick().podsChanged);
    EXPECT_FALSE(node.decision.rulesChanged);
    EXPECT_TRUE(node.decision.pods.empty());
}

TEST(PodStatus, says_what_is_known_and_why_a_pod_is_exempt) {
    auto node = FakeNode::withRule();
    node.add("a", 10).pod.daemonSet = true;
    node.recompile();
    node.add("b", 10).pod.qosClass = QosClass::guaranteed; // its object is not known yet
    const auto& pods = node.tick().pods;
    ASSERT_EQ(pods.size(), 2U);
    EXPECT_EQ(pods[0].podName, "default/a");
    EXPECT_EQ(pods[0].exemption, "belongs to a DaemonSet");
    EXPECT_EQ(pods[1].podName, "");
    EXPECT_EQ(pods[1].qosClass, QosClass::bestEffort) << "read off the cgroup's path";
    EXPECT_EQ(pods[1].exemption, "no Pod object is known for this cgroup");
}

} // namespace
} // namespace plimsoll::analyzer
