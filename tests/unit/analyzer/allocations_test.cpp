// SPDX-License-Identifier: Apache-2.0
// A tick in which nothing happens allocates nothing. On its own, because it replaces operator new.
#include "tests/unit/analyzer/fake_node.hpp"
#include "tests/unit/support/allocations.hpp"

#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;

FakeNode fiveHundredPodsAndFiftyRules() {
    auto node = FakeNode::withRule();
    for (int i = 1; i < 50; ++i) {
        node.policy.nodeQos[0].rules.push_back(
            test::makeRule({.name = "a-rule-with-a-longer-name-" + std::to_string(i),
                            .watermark = 90,
                            .metric = "cpu_total_utilization",
                            .avoidance = 2}));
    }
    for (int i = 0; i < 500; ++i) {
        node.add("a-pod-with-a-name-that-is-not-short-" + std::to_string(i), 11);
    }
    node.cpus = 8;
    return node;
}

std::size_t allocationsOfOneTick(FakeNode& node) {
    const auto snapshot = node.measure();
    const auto before = plimsoll::test::allocations();
    node.decideOn(snapshot);
    return plimsoll::test::allocations() - before;
}

TEST(Allocations, none_in_a_steady_tick) {
    auto node = fiveHundredPodsAndFiftyRules();
    node.ticks(2);
    ASSERT_GT(plimsoll::test::allocations(), 0U) << "the counter counts";
    EXPECT_EQ(allocationsOfOneTick(node), 0U);
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_FALSE(node.decision.rulesChanged || node.decision.podsChanged);
}

TEST(Allocations, none_in_a_steady_tick_with_held_pods_that_wait) {
    auto node = fiveHundredPodsAndFiftyRules();
    node.action().coolDown = std::chrono::hours(1);
    node.otherUsage = Millicores{1000};
    node.ticks(5);
    ASSERT_GT(node.held.size(), 50U);
    node.otherUsage = {};
    node.ticks(3);
    ASSERT_EQ(node.decision.rules[0].verdict.kind, VerdictKind::coolingDown);
    EXPECT_EQ(allocationsOfOneTick(node), 0U);
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(Allocations, none_in_a_steady_tick_with_series_of_every_kind) {
    auto node = fiveHundredPodsAndFiftyRules();
    node.addRule({.name = "victims", .watermark = 50, .metric = "pod_cpu_pressure_some"});
    node.addRule({.name = "queue", .watermark = 50, .metric = "queue_length_of_the_service"});
    node.addRule({.name = "nobody", .watermark = 50, .metric = "delivered_by_nobody_so_far"});
    node.addRule({.name = "memory", .watermark = 1e15, .metric = "memory_total_usage"});
    node.addRule({.name = "preview", .watermark = 1e9, .strategy = Strategy::preview});
    for (auto& fake : node.pods) {
        fake.stalled.cpuSome = Percent{10};
    }
    node.tick();
    node.deliver("queue_length_of_the_service", 5, {{"a-label-of-some-length", "and-its-value"}});
    node.ticks(3);
    ASSERT_EQ(node.decision.rules[50].value, 10.0);
    ASSERT_EQ(node.decision.rules[51].value, 5.0);
    EXPECT_EQ(allocationsOfOneTick(node), 0U);
}

TEST(Allocations, none_in_a_steady_tick_with_a_closed_node_that_cools_down) {
    auto node = fiveHundredPodsAndFiftyRules();
    node.rule().watermark = 9000;
    node.addAction({.name = "close", .coolDown = std::chrono::hours(1)});
    node.addAction({.name = "evict", .coolDown = std::chrono::hours(1), .eviction = Eviction{}});
    node.addRule({.name = "closes-the-node-by-its-name", .watermark = 6000, .action = "close"});
    node.addRule({.name = "evicts-pods-as-its-name-says", .watermark = 6000, .action = "evict"});
    node.canEvict = node.canCloseNode = true;
    node.closure = NodeClosure{.state = NodeClosure::State::open};
    node.otherUsage = Millicores{1000};
    node.tick();
    ASSERT_EQ(node.closure->causes.size(), 2U);
    ASSERT_EQ(node.evicted.size(), 1U);
    const auto mark = *node.closure;
    node.otherUsage = {};
    for (const auto state : {NodeClosure::State::ours, NodeClosure::State::foreigns}) {
        node.closure = mark;
        node.closure->state = state;
        node.ticks(3);
        EXPECT_EQ(allocationsOfOneTick(node), 0U);
        EXPECT_EQ(node.decision.rules[50].verdict.kind, VerdictKind::coolingDown);
        EXPECT_TRUE(node.decision.plan.empty());
    }
}

} // namespace
} // namespace plimsoll::analyzer
