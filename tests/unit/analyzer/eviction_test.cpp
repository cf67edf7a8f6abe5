// SPDX-License-Identifier: Apache-2.0
// Who is evicted, how many, and when not.
#include "tests/unit/analyzer/fake_node.hpp"

#include <algorithm>
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

struct Refusal {
    const char* metric;
    double value;
};

TEST(Eviction, that_is_refused_gives_the_next_candidate_its_turn_in_the_next_tick) {
    for (const auto& each : {Refusal{"cpu_total_usage", 0}, Refusal{"latency", 9000}}) {
        auto node = evicting({.watermark = 5000, .metric = each.metric});
        node.settings.evictionBudget = 1;
        node.add("a", 4000);
        node.add("b", 3000);
        node.refusing = {"a"};
        const auto tick = [&] {
            if (each.value > 0) {
                node.deliver("latency", each.value);
            }
            node.tick();
        };
        tick();
        ASSERT_EQ(node.names(StepKind::evict), (Names{"a"})) << each.metric;
        tick();
        EXPECT_EQ(node.names(StepKind::evict), (Names{"b"})) << each.metric;
        EXPECT_EQ(node.skipOf("a"), "its last eviction was refused");
    }
}

TEST(Eviction, whose_answer_was_awaited_and_is_a_refusal_does_not_hold_up_the_next_one) {
    auto node = evicting({.watermark = 4, .metric = "latency"});
    node.add("a", 200);
    node.add("b", 100);
    const auto tick = [&node] {
        node.deliver("latency", 9);
        node.tick();
    };
    tick();
    ASSERT_EQ(node.names(StepKind::evict), (Names{"a"}));
    for (int i = 0; i < 4; ++i) { // it stands among the evicted until the answer is there
        tick();
        ASSERT_TRUE(node.decision.plan.empty());
    }
    node.evicted.clear();
    node.failed = {{node.find("a").cgroup->cgroup.inode, Lever::eviction}};
    tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"b"}));
}

TEST(Eviction, that_was_refused_is_asked_for_again_after_ten_seconds_or_when_the_server_says) {
    for (const auto wait : {0, 25, 1'000'000}) {
        auto node = evicting({.watermark = 5000});
        node.add("a", 7000);
        node.refusing = {"a"};
        node.retryAfter = std::chrono::seconds(wait);
        node.tick();
        int ticks = 0;
        do {
            node.tick();
            ++ticks;
        } while (node.names(StepKind::evict).empty() && ticks < 5000);
        EXPECT_EQ(ticks, 1 + std::clamp(wait, 10, 3600));
    }
}

TEST(Eviction, budget_is_not_spent_on_what_was_refused_and_is_spent_on_what_has_no_answer) {
    auto node = evicting({.watermark = 1000});
    node.settings.evictionBudget = 1;
    for (const auto* name : {"a", "b", "c"}) {
        node.add(name, 1500);
    }
    node.refusing = {"a"};
    node.ticks(2);
    ASSERT_EQ(node.evicted.size(), 1U);
    node.tick();
    EXPECT_THAT(node.skipOf("c"), HasSubstr("budget of evictions"));
}

/// The same with an API server that takes changes of the node, and a cool-down of 5 s.
FakeNode evictingAndClosing() {
    auto node = evicting({.watermark = 5000});
    node.action().coolDown = std::chrono::seconds(5);
    node.canCloseNode = true;
    node.closure = NodeClosure{.state = NodeClosure::State::open};
    return node;
}

TEST(EvictionClosesTheNode, before_it_for_the_same_rules_until_they_have_cooled_down) {
    auto node = evictingAndClosing();
    node.add("a", 7000);
    node.tick();
    const auto& steps = node.decision.plan.steps;
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].kind, StepKind::closeNode);
    EXPECT_EQ(steps[1].kind, StepKind::evict);
    EXPECT_EQ(steps[0].causes, steps[1].causes);
    EXPECT_THAT(steps[0].reason, HasSubstr("shall come straight back"));
    node.remove("a");
    for (int i = 0; i < 5; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
    }
    node.tick();
    EXPECT_EQ(node.steps(StepKind::openNode).size(), 1U);
    node.ticks(2);
    EXPECT_EQ(node.decision.rules[0].verdict.kind, VerdictKind::idle);
}

TEST(EvictionClosesTheNode, and_is_not_stopped_when_that_cannot_be_done) {
    using State = NodeClosure::State;
    for (const auto state : {State::unknown, State::open, State::foreigns, State::ours}) {
        auto node = evictingAndClosing();
        node.canCloseNode = false;
        node.closure = NodeClosure{.state = state};
        node.add("a", 7000);
        node.tick();
        EXPECT_EQ(node.names(StepKind::evict), (Names{"a"}));
        EXPECT_TRUE(node.steps(StepKind::closeNode).empty());
    }
    auto node = evictingAndClosing();
    node.nodeRefuses = true;
    node.add("a", 7000);
    node.tick();
    EXPECT_EQ(node.evicted.size(), 1U);
}

TEST(EvictionClosesTheNode, later_when_it_could_not_at_once) {
    auto node = evictingAndClosing();
    node.action().coolDown = std::chrono::seconds(60);
    node.canCloseNode = false;
    node.whyNotClose = "the credentials may not change the Node object";
    node.add("a", 7000);
    node.tick();
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("stays open for new pods: the cred"));
    node.remove("a");
    node.tick();
    node.canCloseNode = true;
    node.tick();
    ASSERT_EQ(node.steps(StepKind::closeNode).size(), 1U);
    EXPECT_THAT(node.steps(StepKind::closeNode)[0]->reason, HasSubstr("has not cooled down"));
}

TEST(EvictionClosesTheNode, a_rule_that_has_evicted_nobody_does_not) {
    auto node = evictingAndClosing();
    node.settings.evictionBudget = 0;
    node.add("a", 7000);
    node.ticks(3);
    EXPECT_TRUE(node.decision.plan.empty());
    EXPECT_EQ(node.closure->state, NodeClosure::State::open);
}

TEST(EvictionClosesTheNode, and_what_an_earlier_run_closed_for_it_waits_for_its_cool_down) {
    auto node = evictingAndClosing();
    node.closure = NodeClosure{.state = NodeClosure::State::ours, .causes = {{"node", "cpu"}}};
    for (int i = 0; i < 6; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
    }
    node.tick();
    EXPECT_EQ(node.steps(StepKind::openNode).size(), 1U);
}

TEST(EvictionClosesTheNode, but_not_later_on_an_unknown_metric) {
    auto node = evictingAndClosing();
    node.canCloseNode = false;
    node.add("a", 7000);
    node.tick();
    node.canCloseNode = true;
    node.cpuKnown = false;
    node.ticks(3);
    EXPECT_TRUE(node.decision.plan.empty());
    node.cpuKnown = true;
    node.tick();
    EXPECT_EQ(node.steps(StepKind::closeNode).size(), 1U);
}

TEST(EvictionEffect, does_not_hold_up_what_a_gap_that_grows_asks_for) {
    auto node = evicting({.watermark = 5000});
    node.addAction("slow", {.minCpuRatio = 100, .stepCpuRatio = 10}); // lowers nobody
    node.addRule({.name = "low", .watermark = 4000, .action = "slow"});
    node.add("a", 6000);
    node.add("b", 3000);
    node.tick();
    ASSERT_EQ(node.names(StepKind::evict), (Names{"a"}));
    node.otherUsage = Millicores{5000};
    node.tick();
    EXPECT_EQ(node.names(StepKind::evict), (Names{"b"}));
}

TEST(EvictionEffect, does_not_hold_up_throttling_that_has_become_possible) {
    auto node = evicting({.watermark = 4, .metric = "latency"});
    node.action().cpuThrottle = CpuThrottle{.minCpuRatio = 10, .stepCpuRatio = 10};
    node.add("a", 200).cpuMaxKnown = false;
    node.add("b", 100).cpuMaxKnown = false;
    node.deliver("latency", 9);
    node.tick();
    ASSERT_EQ(node.names(StepKind::evict), (Names{"a"}));
    node.find("b").cpuMaxKnown = true;
    node.tick();
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"b"}));
}

TEST(EvictionEffect, of_a_pod_that_is_gone_is_what_the_metric_did) {
    for (const bool helps : {true, false}) {
        auto node = evicting({.watermark = 5000});
        node.add("a", 6000);
        node.tick();
        node.ticks(3);
        node.remove("a");
        node.otherUsage = Millicores{helps ? 1000.0 : 6500.0};
        node.ticks(4);
        EXPECT_TRUE(node.decision.effects.empty()) << "it is too early to tell";
        node.tick();
        ASSERT_EQ(node.decision.effects.size(), 1U);
        const auto& effect = node.decision.effects[0];
        EXPECT_EQ(effect.lever, Lever::eviction);
        EXPECT_EQ(effect.podName, "default/a");
        EXPECT_EQ(effect.rule, (RuleKey{"node", "cpu"}));
        EXPECT_EQ(effect.measured.cpu, Millicores{6000});
        EXPECT_EQ(effect.before, 6000);
        EXPECT_EQ(effect.helped, helps);
        EXPECT_FALSE(effect.stayed);
        EXPECT_EQ(effect.verdict,
                  helps ? "it is gone: node/cpu (6000 before, 1000 now)"
                        : "it is gone, and that did not help node/cpu (6000 before, 6500 now)");
    }
}

TEST(EvictionEffect, a_pod_that_does_not_go_in_its_time_is_told_once) {
    auto node = evicting({.watermark = 5000});
    node.action().eviction->terminationGracePeriod = std::chrono::seconds(3);
    node.add("a", 6000);
    node.tick();
    for (int i = 0; i < 32; ++i) { // 3 s of grace and 30 more
        node.tick();
        ASSERT_TRUE(node.decision.effects.empty()) << i;
    }
    node.tick();
    ASSERT_EQ(node.decision.effects.size(), 1U);
    const auto& effect = node.decision.effects[0];
    EXPECT_TRUE(effect.stayed);
    EXPECT_FALSE(effect.helped);
    EXPECT_EQ(effect.verdict, "did not go within 33 s; it is not waited for any more");
    for (int i = 0; i < 40; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.effects.empty());
    }
}

TEST(EvictionEffect, a_refused_eviction_has_none) {
    auto node = evicting({.watermark = 5000});
    node.add("a", 6000);
    node.refusing = {"a"};
    node.tick();
    node.remove("a"); // for reasons of its own
    for (int i = 0; i < 40; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.effects.empty());
    }
}

TEST(Plan, closes_evicts_throttles_restores_and_opens_in_this_order) {
    auto node = evictingAndClosing();
    node.addAction("slow", {.minCpuRatio = 10, .stepCpuRatio = 10});
    node.addRule({.name = "low", .watermark = 4000, .action = "slow"});
    node.add("a", 8000);
    node.tick();
    std::vector<StepKind> kinds;
    for (const auto& step : node.decision.plan.steps) {
        kinds.push_back(step.kind);
    }
    EXPECT_EQ(kinds, (std::vector{StepKind::closeNode, StepKind::evict, StepKind::throttle}));
    node.remove("a");
    node.add("b", 3000);
    node.recompile();
    node.otherUsage = Millicores{2000};
    node.ticks(3);
    ASSERT_NE(node.findHeld("b"), nullptr);
    node.otherUsage = {};
    std::string order;
    for (int i = 0; i < 12 && order.find("enable") == std::string::npos; ++i) {
        order.clear();
        for (const auto& step : node.tick().plan.steps) {
            order += std::string(name(step.kind)) + " ";
        }
    }
    EXPECT_THAT(order, testing::EndsWith("enable-scheduling "));
}

} // namespace
} // namespace plimsoll::analyzer
