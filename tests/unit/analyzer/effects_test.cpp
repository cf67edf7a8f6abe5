// SPDX-License-Identifier: Apache-2.0
// Was it right? Effects of steps, and previews that score themselves.
#include "daemon/analyzer/preview_score.hpp"
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using testing::HasSubstr;
using Names = std::vector<std::string>;

/// A rule on a metric of which nobody knows how much a millicore does to it.
FakeNode onLatency(double value) {
    auto node = FakeNode::withRule({.watermark = 10, .metric = "latency"});
    node.add("a", 3000);
    node.add("b", 2000);
    node.tick();
    node.deliver("latency", value);
    return node;
}

TEST(Batch, what_is_not_quantified_touches_a_few_pods_at_a_time) {
    auto node = onLatency(20);
    node.add("c", 1000);
    node.recompile();
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"a"}));
    node.settings.batch = 2;
    node.recompile();
    node.deliver("latency", 20);
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"a", "b"}));
}

TEST(Effect, of_a_quantified_step_is_what_the_pod_uses_less) {
    auto node = FakeNode::withRule();
    node.otherUsage = Millicores{6000};
    node.add("a", 2000);
    node.ticks(6);
    ASSERT_EQ(node.decision.effects.size(), 1U);
    const auto& effect = node.decision.effects[0];
    EXPECT_TRUE(effect.helped) << effect.verdict;
    EXPECT_EQ(effect.podName, "default/a");
    EXPECT_GT(effect.measured.cpu, Millicores{600});
    EXPECT_NEAR(effect.measured.cpu.value, effect.expected.cpu.value, 100);
}

TEST(Effect, a_pod_that_keeps_its_usage_is_not_lowered_further_for_a_while) {
    auto node = FakeNode::withRule();
    node.settings.futileFor = 60s;
    node.add("a", 7000);
    for (int i = 0; i < 6; ++i) { // its quota does nothing
        auto snapshot = node.measure();
        snapshot.pods[0].cpuUsage = Millicores{7000};
        snapshot.node.cpuUsage = Millicores{7000};
        node.decideOn(snapshot);
        node.carryOut(node.decision.plan);
    }
    ASSERT_EQ(node.decision.effects.size(), 1U);
    EXPECT_FALSE(node.decision.effects[0].helped);
    EXPECT_TRUE(node.steps(StepKind::throttle).empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("did not help the last time"));
    EXPECT_NE(node.findHeld("a"), nullptr) << "what holds it stays until the rule restores";
}

TEST(Effect, an_innocent_pod_is_let_go_and_the_next_one_is_tried) {
    auto node = onLatency(20);
    for (int i = 0; i < 9; ++i) {
        node.deliver("latency", 20);
        node.tick();
    }
    EXPECT_EQ(node.findHeld("a"), nullptr) << "lowering it changed nothing";
    EXPECT_NE(node.findHeld("b"), nullptr);
    EXPECT_EQ(node.find("a").cpuMax, test::unlimited());
    node.deliver("latency", 20);
    node.tick();
    EXPECT_THAT(node.skipOf("a"), HasSubstr("did not help the last time"));
}

TEST(Effect, a_culprit_whose_share_another_one_takes_stays_held_and_the_other_is_next) {
    auto node = onLatency(20);
    for (int i = 0; i < 9; ++i) { // together they take what there is: 5 cores
        node.find("b").demand = Millicores{5000} - node.find("a").usage();
        node.deliver("latency", 20);
        node.tick();
    }
    EXPECT_NE(node.findHeld("a"), nullptr);
    EXPECT_NE(node.findHeld("b"), nullptr);
}

TEST(Effect, a_pod_whose_throttling_brings_the_metric_down_is_kept) {
    auto node = onLatency(20);
    double latency = 20;
    for (int i = 0; i < 12; ++i) {
        node.deliver("latency", latency);
        node.tick();
        latency = std::max(11.0, latency - 0.8);
    }
    EXPECT_NE(node.findHeld("a"), nullptr);
    EXPECT_EQ(node.skipOf("a").find("did not help"), std::string::npos);
}

TEST(Batch, goes_on_with_the_pods_it_has_begun_with_until_they_are_judged) {
    auto node = onLatency(20);
    for (int i = 0; i < 5; ++i) { // the quota makes "a" the smaller one of the two meanwhile
        node.deliver("latency", 20);
        node.tick();
        ASSERT_EQ(node.names(StepKind::throttle), (Names{"a"})) << i;
        ASSERT_THAT(node.skipOf("b"), HasSubstr("is waited for first"));
    }
}

TEST(Effect, a_metric_that_lags_is_given_its_time) {
    auto node = FakeNode::withRule({.watermark = 4, .metric = "cpu_load_1_min"});
    node.add("a", 3000);
    node.add("b", 2000);
    for (int i = 0; i < 55; ++i) {
        auto snapshot = node.measure();
        snapshot.node.load = LoadSample{.over1 = 9};
        node.decideOn(snapshot);
        node.carryOut(node.decision.plan);
        ASSERT_TRUE(node.decision.effects.empty()) << i << ": it shows in a minute";
    }
    EXPECT_EQ(node.findHeld("b"), nullptr) << "one at a time";
}

TEST(Effect, a_value_from_before_the_step_judges_nothing) {
    auto node = onLatency(20);
    node.tick();
    ASSERT_NE(node.findHeld("a"), nullptr);
    for (int i = 0; i < 20; ++i) { // nothing newer is delivered
        ASSERT_TRUE(node.tick().effects.empty()) << i;
    }
    node.deliver("latency", 20);
    EXPECT_EQ(node.tick().effects.size(), 1U);
}

TEST(Effect, each_of_two_rules_keeps_to_its_batch_and_is_judged) {
    auto node = onLatency(20);
    node.add("c", 1000);
    node.add("d", 900);
    node.addRule({.name = "other", .watermark = 1, .metric = "queue"});
    node.recompile();
    for (int i = 0; i < 5; ++i) {
        node.deliver("latency", 20);
        node.deliver("queue", 7);
        node.tick();
        ASSERT_EQ(node.held.size(), 1U) << i;
    }
    for (int i = 0; i < 4; ++i) {
        node.deliver("latency", 20);
        node.deliver("queue", 7);
        node.tick();
    }
    EXPECT_EQ(node.findHeld("a"), nullptr) << "it was innocent for both";
}

TEST(Effect, a_pod_whose_step_fails_lets_the_next_one_have_its_turn) {
    auto node = FakeNode::withRule();
    node.otherUsage = Millicores{3000};
    node.add("a", 3000);
    node.add("b", 2000);
    node.decideOn(node.measure());
    ASSERT_EQ(node.names(StepKind::throttle), (Names{"a", "b"}));
    node.failed = {{node.find("a").cgroup->cgroup.inode, Lever::cpuMax}};
    node.decideOn(node.measure());
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"b"}));
    node.failed.clear();
    for (int i = 0; i < 10; ++i) {
        node.decideOn(node.measure());
    }
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"a", "b"})) << "tried again after a while";
}

TEST(Batch, moves_one_lever_at_a_time) {
    auto node = onLatency(20);
    node.action().memoryThrottle = MemoryThrottle{.forceGc = true, .stepMemoryRatio = 20};
    node.find("a").memoryDemand = node.find("b").memoryDemand = Bytes{1e9};
    node.recompile();
    for (int i = 0; i < 5; ++i) {
        node.deliver("latency", 20);
        node.tick();
        ASSERT_EQ(node.decision.plan.steps.size(), 1U) << i;
        ASSERT_EQ(node.decision.plan.steps[0].lever, Lever::cpuMax);
    }
}

TEST(Effect, futility_is_forgotten_after_a_while) {
    auto node = onLatency(20);
    node.settings.futileFor = 10s;
    node.recompile();
    bool again = false;
    for (int i = 0; i < 40; ++i) {
        node.deliver("latency", 20);
        node.tick();
        again = again || (i > 15 && node.findHeld("a") != nullptr);
    }
    EXPECT_TRUE(again);
}

TEST(Effect, a_pod_that_is_gone_is_not_judged) {
    auto node = FakeNode::withRule();
    node.otherUsage = Millicores{6000};
    node.add("a", 2000);
    node.tick();
    node.remove("a");
    node.held.clear();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(node.tick().effects.empty());
    }
}

FakeNode previewing() {
    auto node = FakeNode::withRule({.strategy = Strategy::preview});
    node.add("a", 7000);
    return node;
}

TEST(PreviewScore, an_episode_that_ends_at_once_came_back_on_its_own) {
    auto node = previewing();
    node.ticks(3);
    EXPECT_EQ(node.decision.rules[0].preview.episodes, 0U) << "too early to tell";
    EXPECT_EQ(node.decision.rules[0].preview.lastExpected.cpu, Millicores{700});
    node.find("a").demand = {};
    node.tick();
    const auto& score = node.decision.rules[0].preview;
    EXPECT_EQ(node.decision.scored, (std::vector<std::size_t>{0}));
    EXPECT_EQ(score.episodes, 1U);
    EXPECT_EQ(score.onItsOwn, 1U);
    EXPECT_EQ(score.lastSeconds, 2);
    EXPECT_TRUE(node.tick().scored.empty());
}

TEST(PreviewScore, an_episode_that_lasts_would_have_been_helped) {
    auto node = previewing();
    node.ticks(7);
    EXPECT_EQ(node.decision.rules[0].preview.wouldHelp, 1U) << "known before it is over";
    node.ticks(60);
    EXPECT_EQ(node.decision.rules[0].preview.episodes, 1U) << "one episode";
    node.find("a").demand = {};
    node.tick();
    EXPECT_EQ(node.decision.rules[0].preview.lastSeconds, 66);
    EXPECT_EQ(node.decision.rules[0].preview.onItsOwn, 0U);
}

TEST(PreviewScore, what_another_rule_brought_down_says_nothing) {
    auto node = previewing();
    node.addRule({.name = "real", .watermark = 6500});
    node.recompile();
    node.ticks(2);
    ASSERT_FALSE(node.held.empty());
    node.find("a").demand = {};
    node.tick();
    EXPECT_EQ(node.decision.rules[0].preview.byOthers, 1U);
    EXPECT_EQ(node.decision.rules[0].preview.onItsOwn, 0U);
}

TEST(PreviewScore, survives_a_policy_change_that_leaves_the_rule_alone) {
    auto node = previewing();
    node.ticks(7);
    node.action().description = "says more";
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].preview.wouldHelp, 1U);
    node.rule().watermark = 6500;
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].preview, PreviewScore{.lastExpected = {.cpu = {550}}});
}

TEST(PreviewScore, an_unknown_value_ends_nothing) {
    auto node = previewing();
    node.ticks(3);
    node.cpuKnown = false;
    EXPECT_TRUE(node.ticks(20).scored.empty());
    EXPECT_EQ(node.decision.rules[0].preview.episodes, 0U);
}

} // namespace
} // namespace plimsoll::analyzer
