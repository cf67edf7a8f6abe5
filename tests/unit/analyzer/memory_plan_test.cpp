// SPDX-License-Identifier: Apache-2.0
// Memory: reclaim, memory.high, relief, and how they end.
#include "daemon/analyzer/memory_steps.hpp"
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using testing::HasSubstr;
using Names = std::vector<std::string>;

constexpr double kMiB = 1024.0 * 1024;
constexpr double kGiB = 1024.0 * kMiB;

/// Watermark 10 GiB of 16; `terms` in an action of its own.
FakeNode squeezing(MemoryThrottle terms) {
    auto node = FakeNode::withRule({.watermark = 10 * kGiB, .metric = "memory_total_usage"});
    node.action().cpuThrottle.reset();
    node.action().memoryThrottle = terms;
    node.otherMemory = Bytes{8 * kGiB};
    return node;
}

FakeNode squeezing() {
    return squeezing({.minMemoryRatio = 10, .stepMemoryRatio = 20});
}

TEST(MemoryHighLever, lowers_the_largest_first_and_no_further_than_needed) {
    auto node = squeezing();
    node.add("big", 0).memoryDemand = Bytes{2 * kGiB};
    node.add("small", 0).memoryDemand = Bytes{0.2 * kGiB}; // 10.2 GiB: 0.22 have to go
    node.tick();
    const auto steps = node.steps(StepKind::throttle);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->podName, "default/big");
    EXPECT_EQ(steps[0]->lever, Lever::memoryHigh);
    EXPECT_EQ(steps[0]->from, MemoryHigh{});
    EXPECT_NEAR(steps[0]->expected.memory.value, 0.22 * kGiB, kMemoryQuantum.value);
    EXPECT_THAT(steps[0]->reason, HasSubstr("which closes the gap"));
    EXPECT_EQ(node.skipOf("small"), "the gap is closed by the pods before it");
    EXPECT_EQ(node.find("big").workingSet(), *steps[0]->to.memoryHigh().bytes);
}

TEST(MemoryHighLever, restores_step_by_step_and_ends_at_the_baseline) {
    auto node = squeezing();
    node.add("a", 0).memoryDemand = Bytes{3 * kGiB};
    node.ticks(3);
    ASSERT_NE(node.findHeld("a", Lever::memoryHigh), nullptr);
    node.otherMemory = Bytes{4 * kGiB};
    int steps = 0;
    while (!node.held.empty() && ++steps < 50) {
        node.tick();
    }
    EXPECT_LT(steps, 10);
    EXPECT_EQ(node.find("a").memoryHigh, MemoryHigh{});
    EXPECT_EQ(node.tick().rules[0].verdict.kind, VerdictKind::idle);
}

TEST(MemoryHighLever, leaves_guaranteed_pods_alone) {
    auto node = squeezing();
    node.add("a", 0).memoryDemand = Bytes{3 * kGiB};
    node.find("a").pod.qosClass = QosClass::guaranteed;
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("Guaranteed"));
}

TEST(MemoryHighLever, a_pod_is_held_by_two_levers_and_undone_apart) {
    auto node = squeezing();
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.addRule({.name = "busy", .watermark = 1000, .action = "slow"});
    node.add("a", 2000).memoryDemand = Bytes{3 * kGiB};
    node.tick();
    EXPECT_EQ(node.held.size(), 2U);
    node.policy.nodeQos[0].rules.erase(node.policy.nodeQos[0].rules.begin());
    node.recompile();
    node.tick();
    ASSERT_EQ(node.steps(StepKind::undo).size(), 1U);
    EXPECT_EQ(node.steps(StepKind::undo)[0]->lever, Lever::memoryHigh);
    EXPECT_EQ(node.find("a").memoryHigh, MemoryHigh{});
    EXPECT_NE(node.findHeld("a", Lever::cpuMax), nullptr);
}

TEST(MemoryHighLever, somebody_elses_value_stands) {
    auto node = squeezing();
    node.add("a", 0).memoryDemand = Bytes{3 * kGiB};
    node.tick();
    node.find("a").memoryHigh = {Bytes{5 * kGiB}};
    node.tick();
    ASSERT_EQ(node.steps(StepKind::yield).size(), 1U);
    EXPECT_THAT(node.steps(StepKind::yield)[0]->reason,
                HasSubstr("somebody else changed memory.high"));
    node.tick();
    EXPECT_THAT(node.skipOf("a"), HasSubstr("somebody else set its memory.high"));
}

TEST(MemoryHighLever, what_is_being_written_counts_as_leaving) {
    auto node = squeezing();
    node.slowWrites = true;
    for (const auto* name : {"a", "b", "c"}) {
        node.add(name, 0).memoryDemand = Bytes{2 * kGiB};
    }
    node.otherMemory = Bytes{4.2 * kGiB}; // 10.2 GiB: 0.22 have to go
    node.tick();
    ASSERT_EQ(node.held.size(), 1U);
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(node.tick().plan.empty()) << i;
    }
}

TEST(MemoryHighLever, is_not_judged_while_its_write_is_under_way) {
    auto node = squeezing();
    node.add("a", 0).memoryDemand = Bytes{6 * kGiB};
    node.tick();
    node.held[0].changing = true;
    node.find("a").memoryHigh = {}; // not there yet
    node.ticks(20);
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_EQ(node.skipOf("a"), "its last change is still under way");
}

TEST(MemoryHighLever, while_it_is_written_no_other_limit_of_the_pod_is_changed) {
    auto node = squeezing();
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.addRule({.name = "busy", .watermark = 1000, .action = "slow"});
    node.add("a", 2000).memoryDemand = Bytes{3 * kGiB};
    node.tick();
    node.findHeld("a", Lever::memoryHigh)->changing = true;
    node.policy.nodeQos.clear();
    node.recompile();
    EXPECT_TRUE(node.tick().plan.empty()) << "systemd would write the old memory.high over it";
    node.findHeld("a", Lever::memoryHigh)->changing = false;
    node.tick();
    EXPECT_EQ(node.steps(StepKind::undo).size(), 2U);
}

TEST(Relief, a_pod_that_only_stalls_itself_gets_some_back_and_is_not_lowered_again) {
    auto node = squeezing();
    auto& pod = node.add("a", 0);
    pod.memoryDemand = Bytes{3 * kGiB};
    pod.unreclaimable = Bytes{2.9 * kGiB};
    node.tick();
    const auto first = node.findHeld("a", Lever::memoryHigh)->applied;
    pod.stalled.memoryFull = Percent{60};
    pod.memoryHighEvents = 100.0;
    node.tick();
    const auto raised = node.steps(StepKind::restore);
    ASSERT_EQ(raised.size(), 1U);
    EXPECT_THAT(raised[0]->reason, HasSubstr("only stalls itself"));
    EXPECT_GT(raised[0]->to.memoryHigh().bytes->value, 2.9 * kGiB);
    EXPECT_NE(raised[0]->to, first);
    pod.stalled.memoryFull = Percent{0};
    node.tick();
    EXPECT_THAT(node.skipOf("a"), HasSubstr("did not help the last time"));
}

TEST(ReclaimLever, asks_for_what_is_needed_once_and_waits_for_the_effect) {
    auto node = squeezing({.forceGc = true});
    node.add("a", 0).memoryDemand = Bytes{3 * kGiB};
    node.find("a").unreclaimable = Bytes{2 * kGiB};
    node.otherMemory = Bytes{7.1 * kGiB}; // 10.1: 0.11 GiB have to go
    const auto snapshot = node.measure();
    node.decideOn(snapshot);
    ASSERT_EQ(node.steps(StepKind::reclaim).size(), 1U);
    EXPECT_NEAR(node.steps(StepKind::reclaim)[0]->amount.value, 0.11 * kGiB, kMemoryQuantum.value);
    node.decideOn(node.measure()); // nothing has come yet
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_THAT(node.skipOf("a"), HasSubstr("still being judged"));
    EXPECT_TRUE(node.held.empty()) << "nothing is held";
}

TEST(ReclaimLever, is_not_judged_before_it_is_over) {
    auto node = squeezing({.forceGc = true});
    auto& pod = node.add("a", 0);
    pod.memoryDemand = pod.unreclaimable = Bytes{3 * kGiB};
    node.tick();
    node.reclaiming = {pod.cgroup->cgroup.inode};
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(node.tick().effects.empty()) << i;
    }
    node.reclaiming.clear();
    node.ticks(4);
    EXPECT_TRUE(node.decision.effects.empty());
    node.tick();
    EXPECT_EQ(node.decision.effects.size(), 1U);
}

TEST(ReclaimLever, what_gives_nothing_back_is_futile_and_the_next_lever_has_its_turn) {
    auto node = squeezing({.forceGc = true, .minMemoryRatio = 10, .stepMemoryRatio = 0});
    node.action().eviction.emplace();
    node.canEvict = true;
    auto& pod = node.add("a", 0);
    pod.memoryDemand = pod.unreclaimable = Bytes{3 * kGiB};
    node.tick();
    ASSERT_EQ(node.names(StepKind::reclaim), (Names{"a"}));
    node.ticks(4);
    EXPECT_TRUE(node.evicted.empty()) << "its effect is waited for";
    node.ticks(1);
    ASSERT_EQ(node.decision.effects.size(), 1U);
    EXPECT_FALSE(node.decision.effects[0].helped);
    EXPECT_THAT(node.decision.effects[0].verdict, HasSubstr("did not help"));
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a"}));
}

} // namespace
} // namespace plimsoll::analyzer
