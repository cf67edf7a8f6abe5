// SPDX-License-Identifier: Apache-2.0
// Who is evicted, how many, and when not.
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using testing::HasSubstr;
using Names = std::vector<std::string>;

constexpr double kGiB = 1024.0 * 1024 * 1024;

/// One rule whose action only evicts; the API server is there and the budget is large.
FakeNode evicting(const test::RuleSpec& spec = {}) {
    auto node = FakeNode::withRule(spec);
    node.action().cpuThrottle.reset();
    node.action().eviction.emplace();
    node.canEvict = true;
    node.settings.evictionBudget = 100;
    return node;
}

TEST(Eviction, stops_when_the_gap_is_closed) {
    auto node = evicting({.watermark = 5000});
    node.otherUsage = Millicores{3000};
    node.add("a", 1500);
    node.add("b", 600);
    node.add("c", 2000);
    node.add("d", 100); // 7200: 2420 have to go
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"c", "a"}));
    EXPECT_EQ(node.skipOf("b"), "the gap is closed by the pods before it");
    EXPECT_EQ(node.steps(StepKind::evict)[0]->expected.cpu, Millicores{2000});
}

TEST(Eviction, for_memory_is_precise_by_working_set) {
    auto node = evicting({.watermark = 10 * kGiB, .metric = "memory_total_usage"});
    node.add("a", 0).memoryDemand = Bytes{1.5 * kGiB};
    node.add("b", 0).memoryDemand = Bytes{0.5 * kGiB};
    node.add("c", 0).memoryDemand = Bytes{1.0 * kGiB};
    node.otherMemory = Bytes{9 * kGiB}; // 12 GiB: 2.2 have to go
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a", "c"}));
    EXPECT_THAT(node.steps(StepKind::evict)[0]->reason,
                HasSubstr("expected to release 0m and 1.5 GiB"));
}

TEST(Eviction, an_unknown_metric_of_another_kind_evicts_nobody) {
    auto node = evicting({.watermark = 0.5 * kGiB, .metric = "memory_total_usage"});
    node.cpuKnown = false; // as in the first cycle after a start
    node.add("a", 0).memoryDemand = Bytes{2 * kGiB};
    node.add("b", 0).memoryDemand = Bytes{2 * kGiB};
    node.otherMemory = {};
    node.tick(); // 4 GiB: 3.85 have to go
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a", "b"}));
    node.evicted.clear();
    node.rule().watermark = 3.9 * kGiB; // 0.11 have to go
    node.recompile();
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a"})) << "precise on memory";
}

TEST(Eviction, a_rounding_error_of_a_gap_costs_nobody_its_life) {
    auto node = evicting({.watermark = 5000});
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.addRule({.name = "throttling", .watermark = 5000, .action = "slow"});
    node.add("a", 5100); // the throttle releases the 110 that have to go
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"a"}));
    EXPECT_TRUE(node.names(StepKind::evict).empty());
}

TEST(Eviction, pods_whose_usage_reads_zero_do_not_make_it_take_all) {
    auto node = evicting({.watermark = 5000});
    node.otherUsage = Millicores{7000};
    node.add("a", 0);
    node.add("b", 0);
    node.tick();
    EXPECT_TRUE(node.names(StepKind::evict).empty()) << "ending them releases nothing";
}

TEST(Eviction, waits_for_the_pods_that_are_on_their_way_out) {
    auto node = evicting({.watermark = 5000});
    node.add("a", 6000);
    node.add("b", 1000); // 7000: 2200 have to go
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a"}));
    for (int i = 0; i < 20; ++i) {
        node.tick();
        ASSERT_TRUE(node.names(StepKind::evict).empty()) << "its 6000 are leaving";
    }
    EXPECT_EQ(node.skipOf("a"), "was asked to go already");
    node.ticks(45); // 30 s of grace and 30 more: it will not go
    ASSERT_EQ(node.evicted.size(), 2U);
    EXPECT_EQ(node.evicted[1].pod, node.find("b").pod.uid);
}

TEST(Eviction, counts_pods_that_somebody_else_is_ending) {
    auto node = evicting({.watermark = 5000});
    node.add("theirs", 3000).pod.terminating = true;
    node.add("ours", 4000); // 7000: 2200 have to go, 3000 are going
    node.tick();
    EXPECT_TRUE(node.names(StepKind::evict).empty());
}

TEST(Eviction, keeps_to_the_budget_of_the_interval) {
    auto node = evicting({.watermark = 1000});
    node.settings.evictionBudget = 2;
    node.settings.evictionInterval = std::chrono::seconds(60);
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        node.add(name, 1500);
    }
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a", "b"}));
    EXPECT_THAT(node.skipOf("c"), HasSubstr("budget of evictions"));
    node.remove("a");
    node.remove("b");
    for (int i = 0; i < 58; ++i) {
        node.tick();
        ASSERT_TRUE(node.names(StepKind::evict).empty()) << i;
    }
    node.ticks(2);
    EXPECT_EQ(node.evicted.size(), 4U);
}

TEST(Eviction, never_takes_who_is_exempt) {
    auto node = evicting({.watermark = 100});
    node.add("critical", 1000).pod.priority = kCriticalPriority;
    node.add("static", 1000).pod.mirror = true;
    node.add("daemon", 1000).pod.daemonSet = true;
    node.add("done", 1000).pod.phase = PodPhase::succeeded;
    node.add("pending", 1000).pod.phase = PodPhase::pending;
    node.add("stranger", 1000).pod.labels.clear();
    node.add("unknown", 1000).usageKnown = false;
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_EQ(node.skipOf("pending"), "is not running");
    EXPECT_EQ(node.skipOf("unknown"), "its usage is unknown");
}

TEST(Eviction, grace_is_the_smallest_of_the_rules_then_the_pods_then_thirty) {
    auto node = evicting({.watermark = 100});
    node.add("a", 1000);
    node.add("b", 1000).pod.terminationGracePeriod = std::chrono::seconds(7);
    node.tick();
    EXPECT_EQ(node.steps(StepKind::evict).at(0)->grace, std::chrono::seconds(30));
    EXPECT_EQ(node.steps(StepKind::evict).at(1)->grace, std::chrono::seconds(7));
    node.evicted.clear();
    node.action().eviction->terminationGracePeriod = std::chrono::seconds(20);
    node.addAction({.name = "second",
                    .coolDown = std::chrono::seconds(0),
                    .eviction = Eviction{std::chrono::seconds(10)}});
    node.addRule({.name = "other", .watermark = 50, .action = "second"});
    node.recompile();
    node.tick();
    EXPECT_EQ(node.steps(StepKind::evict).at(1)->grace, std::chrono::seconds(10));
}

TEST(Eviction, what_is_not_quantified_takes_one_pod_and_waits_for_it) {
    auto node = evicting({.watermark = 4, .metric = "latency"});
    node.add("a", 100);
    node.add("b", 200);
    node.tick();
    node.deliver("latency", 9);
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"b"}));
    node.deliver("latency", 9);
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty());
    node.remove("b");
    for (int i = 0; i < 4; ++i) {
        node.deliver("latency", 9);
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << "what that brought is waited for";
    }
    node.deliver("latency", 9);
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"a"}));
}

TEST(Eviction, without_an_api_server_is_shown_and_the_next_lever_is_used) {
    auto node = evicting({.watermark = 5000});
    node.canEvict = false;
    node.action().cpuThrottle = CpuThrottle{.minCpuRatio = 50, .stepCpuRatio = 50};
    node.add("a", 3000);
    node.add("b", 4000); // 7000: 2200 have to go
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"b", "a"}));
    EXPECT_TRUE(node.names(StepKind::evict, Disposition::unavailable).empty());
    node.find("b").demand = node.find("a").demand = Millicores{9000};
    node.otherUsage = Millicores{5000};
    node.ticks(10); // both at their floors, and judged
    EXPECT_TRUE(node.names(StepKind::throttle).empty());
    const auto shown = node.steps(StepKind::evict, Disposition::unavailable);
    ASSERT_EQ(shown.size(), 2U);
    EXPECT_THAT(shown[0]->reason, HasSubstr("no connection to the API server"));
    EXPECT_TRUE(node.evicted.empty());
}

TEST(Eviction, comes_after_throttling_has_come_to_its_end) {
    auto node = evicting({.watermark = 5000});
    node.action().cpuThrottle = CpuThrottle{.minCpuRatio = 50, .stepCpuRatio = 50};
    node.add("a", 4000);
    node.otherUsage = Millicores{4500}; // 8500: 3850 have to go, the floor is 2000
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"a"}));
    node.ticks(3);
    EXPECT_TRUE(node.evicted.empty()) << "its effect is waited for";
    node.ticks(5);
    ASSERT_EQ(node.evicted.size(), 1U);
}

TEST(Eviction, is_carried_out_before_what_throttles) {
    auto node = evicting({.watermark = 5000});
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.addRule({.name = "low", .watermark = 4000, .action = "slow"});
    node.add("a", 8000);
    node.tick();
    ASSERT_EQ(node.decision.plan.steps.size(), 2U);
    EXPECT_EQ(node.decision.plan.steps[0].kind, StepKind::evict);
    EXPECT_EQ(node.decision.plan.steps[1].kind, StepKind::throttle);
}

} // namespace
} // namespace plimsoll::analyzer
