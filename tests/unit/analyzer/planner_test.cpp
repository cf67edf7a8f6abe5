// SPDX-License-Identifier: Apache-2.0
// Throttle and restore as one plan: gaps, order, several rules, previews.
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using testing::HasSubstr;

std::vector<std::string> names(const std::vector<const Step*>& steps) {
    std::vector<std::string> result;
    for (const auto* step : steps) {
        result.push_back(step->podName);
    }
    return result;
}

using Names = std::vector<std::string>;

TEST(Throttle, does_nothing_at_the_watermark) {
    auto node = FakeNode::withRule();
    node.add("a", 6000);
    EXPECT_FALSE(node.tick().rules[0].hit);
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(Throttle, does_nothing_on_an_unknown_value) {
    auto node = FakeNode::withRule();
    node.add("a", 7000);
    node.cpuKnown = false;
    EXPECT_EQ(node.tick().rules[0].verdict.kind, VerdictKind::unknown);
    EXPECT_EQ(node.decision.rules[0].value, std::nullopt);
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(Throttle, explains_its_step) {
    auto node = FakeNode::withRule();
    node.otherUsage = Millicores{5140};
    node.add("a", 1700);
    node.tick();
    const auto steps = node.steps(StepKind::throttle);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->reason,
              "node/cpu: cpu_total_usage 6840 above 6000; lowest in order (priority 0, BestEffort, "
              "uses 1700m); expected to release 170m");
    EXPECT_EQ(steps[0]->from, test::unlimited());
    EXPECT_EQ(steps[0]->to, test::quota(153'000));
    EXPECT_EQ(steps[0]->expected.cpu, Millicores{170});
    EXPECT_EQ(steps[0]->causes, (std::vector<RuleKey>{{"node", "cpu"}}));
    EXPECT_NEAR(node.decision.rules[0].gap->amount, 924, 1e-9);
}

TEST(Throttle, walks_in_order_until_the_gap_is_closed) {
    auto node = FakeNode::withRule();
    node.add("big", 3000);
    node.add("middle", 2000);
    node.add("small", 1250); // 6250: 275 have to go
    node.tick();
    EXPECT_EQ(names(node.steps(StepKind::throttle)), (Names{"default/big"}));
    EXPECT_EQ(node.skipOf("small"), "the gap is closed by the pods before it");
}

TEST(Throttle, the_last_step_is_only_as_big_as_needed) {
    auto node = FakeNode::withRule();
    node.add("a", 6050); // 55 have to go
    node.tick();
    ASSERT_EQ(node.steps(StepKind::throttle).size(), 1U);
    EXPECT_EQ(node.steps(StepKind::throttle)[0]->to, test::quota(599'000));
    EXPECT_THAT(node.steps(StepKind::throttle)[0]->reason, HasSubstr("which closes the gap"));
}

TEST(Throttle, counts_what_is_still_leaving) {
    auto node = FakeNode::withRule();
    node.add("a", 6500);
    node.add("b", 1000); // 7500: 1650 have to go, 650 + 100 planned
    node.tick();
    EXPECT_EQ(node.steps(StepKind::throttle).size(), 2U);
    auto snapshot = node.measure(); // the rates of this tick still show the time before the step
    for (auto& sample : snapshot.pods) {
        sample.cpuUsage = Millicores{sample.pod == node.find("a").cgroup ? 6500.0 : 1000.0};
    }
    snapshot.node.cpuUsage = Millicores{6600};
    node.decideOn(snapshot); // a gap of 660 against 750 in flight
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("still taking effect"));
}

TEST(Throttle, explains_whom_it_left_alone) {
    auto node = FakeNode::withRule();
    node.add("critical", 3000).pod.priority = 2'000'000'000;
    node.add("no-usage", 3000).usageKnown = false;
    node.add("no-max", 3000).cpuMaxKnown = false;
    node.add("at-floor", 500).pod.containers[0].cpuRequest = Millicores{500};
    node.add("stranger", 3000).pod.labels.clear();
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("critical"), HasSubstr("critical: priority 2000000000"));
    EXPECT_EQ(node.skipOf("no-usage"), "its CPU usage is unknown");
    EXPECT_EQ(node.skipOf("no-max"), "its cpu.max is unknown");
    EXPECT_EQ(node.skipOf("at-floor"), "uses no more than its floor");
    EXPECT_EQ(node.skipOf("stranger"), "") << "no PodQOS selects it";
}

TEST(Throttle, percent_rules_count_in_millicores) {
    auto node = FakeNode::withRule({.watermark = 50, .metric = "cpu_total_utilization"});
    node.add("a", 5800); // 72.5 % of 8 CPUs
    node.tick();
    EXPECT_NEAR(node.decision.rules[0].gap->amount, 1980, 1e-9);
    EXPECT_EQ(node.steps(StepKind::throttle).at(0)->to, test::quota(522'000));
}

TEST(SeveralRules, the_strictest_terms_win) {
    auto node = FakeNode::withRule();
    node.action().cpuThrottle = CpuThrottle{.minCpuRatio = 10, .stepCpuRatio = 50};
    node.addAction("gentle", {.minCpuRatio = 80, .stepCpuRatio = 3});
    node.policy.nodeQos[0].rules.push_back(
        test::makeRule({.name = "second", .watermark = 4000, .action = "gentle"}));
    node.add("a", 7000);
    node.tick();
    const auto steps = node.steps(StepKind::throttle);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->to, test::quota(560'000)) << "a step of 50 %, to the floor of 80 %";
    EXPECT_EQ(steps[0]->causes.size(), 2U);
    EXPECT_THAT(steps[0]->reason, HasSubstr("above 4000")) << "the lowest watermark counts";
}

TEST(SeveralRules, a_pod_does_not_pay_for_a_rule_that_may_not_touch_it) {
    auto node = FakeNode::withRule();
    node.addAction("others", {.minCpuRatio = 10, .stepCpuRatio = 50});
    node.policy.podQos[0].allowedActions = {"throttle"};
    node.policy.podQos.push_back(
        {.name = "others", .allowedActions = {"others"}, .labelSelector = LabelSelector{}});
    node.policy.podQos[1].labelSelector->requirements = {
        {.key = "tier", .op = LabelRequirement::Operator::in, .values = {"other"}}};
    node.policy.nodeQos[0].rules.push_back(
        test::makeRule({.name = "low", .watermark = 1000, .action = "others"}));
    node.add("a", 6000);
    node.add("b", 100).pod.labels["tier"] = "other"; // 6100: 110 over 6000, 5610 over 1000
    node.tick();
    const auto steps = node.steps(StepKind::throttle);
    ASSERT_EQ(names(steps), (Names{"default/a", "default/b"}));
    EXPECT_EQ(steps[0]->expected.cpu, Millicores{110});
}

TEST(SeveralRules, a_pod_goes_up_only_when_every_cause_has_cooled_down) {
    auto node = FakeNode::withRule();
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.action(1).coolDown = std::chrono::seconds(5);
    node.policy.nodeQos[0].rules.push_back(
        test::makeRule({.name = "second", .watermark = 6500, .action = "slow"}));
    node.add("a", 7000);
    node.tick();
    node.find("a").demand = Millicores{1000};
    node.ticks(4);
    EXPECT_TRUE(node.decision.rules[0].mayRestore);
    EXPECT_TRUE(node.decision.plan.empty());
    node.ticks(2);
    EXPECT_EQ(node.steps(StepKind::restore).size(), 1U);
}

TEST(Restore, goes_up_most_important_first_within_the_room_of_every_watermark) {
    auto node = FakeNode::withRule();
    node.policy.nodeQos[0].rules.push_back(
        test::makeRule({.name = "resting", .watermark = 90, .metric = "cpu_total_utilization"}));
    node.add("low", 4000);
    node.add("high", 4000).pod.priority = 10;
    node.tick();
    ASSERT_EQ(node.held.size(), 2U);
    node.find("low").demand = node.find("high").demand = Millicores{1000};
    node.otherUsage = Millicores{3800}; // 5800 in use, 220 may come back
    node.tick();
    const auto steps = node.steps(StepKind::restore);
    ASSERT_EQ(names(steps), (Names{"default/high"}));
    EXPECT_EQ(steps[0]->expected.cpu, Millicores{220});
    node.otherUsage = {};
    node.tick();
    EXPECT_EQ(names(node.steps(StepKind::restore)), (Names{"default/high", "default/low"}));
}

TEST(Restore, raises_nothing_while_any_rule_that_throttles_is_unknown) {
    auto node = FakeNode::withRule();
    node.add("a", 7000);
    node.tick();
    node.find("a").demand = Millicores{1000};
    auto snapshot = node.measure();
    snapshot.node.cpuUtilization = std::unexpected(Unknown::stale);
    node.policy.nodeQos[0].rules.push_back(
        test::makeRule({.name = "percent", .watermark = 90, .metric = "cpu_total_utilization"}));
    node.recompile();
    node.decideOn(snapshot);
    EXPECT_TRUE(node.decision.rules[0].mayRestore);
    EXPECT_TRUE(node.decision.plan.empty());
    node.tick();
    EXPECT_EQ(node.steps(StepKind::restore).size(), 1U);
}

TEST(Restore, stays_below_the_line_of_a_rule_that_would_evict) {
    auto node = FakeNode::withRule({.watermark = 10, .metric = "latency"});
    node.policy.actions.push_back({.name = "evict", .eviction = Eviction{}});
    node.addRule({.name = "hard", .watermark = 6000, .action = "evict"});
    node.add("a", 6000);
    node.tick();
    for (int i = 0; i < 4; ++i) {
        node.deliver("latency", 20);
        node.tick();
    }
    const auto held = node.find("a").cpuMax;
    node.otherUsage = Millicores{5960} - node.find("a").usage();
    node.deliver("latency", 1);
    node.tick();
    EXPECT_LE(node.usage(), Millicores{6010}) << "from " << held.quota->count();
}

TEST(Restore, waits_while_a_rule_that_cannot_count_is_above_its_line) {
    auto node = FakeNode::withRule();
    node.addRule({.name = "lat", .watermark = 10, .metric = "latency"});
    node.add("a", 7000);
    node.add("b", 100);
    node.tick();
    node.find("a").demand = Millicores{1000};
    node.deliver("latency", 20);
    node.ticks(3);
    EXPECT_TRUE(node.steps(StepKind::restore).empty());
    node.deliver("latency", 1);
    node.ticks(2);
    EXPECT_FALSE(node.steps(StepKind::restore).empty());
}

TEST(Throttle, leaves_pods_alone_that_use_far_less_than_their_limit) {
    auto node = FakeNode::withRule();
    node.otherUsage = Millicores{7000};
    node.add("a", 50).cpuMax = test::quota(400'000);
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_EQ(node.skipOf("a"), "uses far less than its limit lets it");
}

TEST(Restore, writes_the_baseline_back_verbatim_and_the_rule_comes_to_rest) {
    auto node = FakeNode::withRule();
    auto& pod = node.add("a", 7000);
    pod.cpuMax = test::quota(375'015, Microseconds{50'000});
    node.tick();
    ASSERT_NE(node.findHeld("a"), nullptr);
    pod.demand = Millicores{1000};
    node.tick();
    EXPECT_EQ(pod.cpuMax, test::quota(371'500, Microseconds{50'000}));
    node.tick();
    const auto steps = node.steps(StepKind::restore);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_TRUE(steps[0]->toBaseline);
    EXPECT_EQ(pod.cpuMax, test::quota(375'015, Microseconds{50'000}));
    EXPECT_EQ(node.tick().rules[0].verdict.kind, VerdictKind::idle);
}

TEST(Preview, says_what_it_would_do_after_the_real_steps_and_hinders_nobody) {
    auto node = FakeNode::withRule();
    node.addAction("harder", {.minCpuRatio = 10, .stepCpuRatio = 50});
    node.policy.nodeQos[0].rules.insert(node.policy.nodeQos[0].rules.begin(),
                                        test::makeRule({.name = "preview",
                                                        .watermark = 2000,
                                                        .action = "harder",
                                                        .strategy = Strategy::preview}));
    node.add("a", 7000);
    node.tick();
    ASSERT_EQ(node.decision.plan.steps.size(), 2U);
    EXPECT_EQ(node.decision.plan.steps[0].disposition, Disposition::act);
    EXPECT_EQ(node.decision.plan.steps[0].to, test::quota(630'000));
    EXPECT_EQ(node.decision.plan.steps[1].disposition, Disposition::preview);
    EXPECT_EQ(node.decision.plan.steps[1].to, test::quota(350'000));
    EXPECT_EQ(node.decision.plan.steps[1].causes, (std::vector<RuleKey>{{"node", "preview"}}));
    EXPECT_EQ(node.findHeld("a")->causes, (std::vector<RuleKey>{{"node", "cpu"}}));
    node.find("a").demand = Millicores{3000};
    node.tick();
    EXPECT_EQ(node.steps(StepKind::restore).size(), 1U) << "a preview's watermark is no line";
    node.find("a").demand = {};
    EXPECT_EQ(node.ticks(2).rules[0].verdict.kind, VerdictKind::idle);
}

} // namespace
} // namespace plimsoll::analyzer
