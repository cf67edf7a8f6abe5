// SPDX-License-Identifier: Apache-2.0
// Which series a rule looks at: pods as victims, devices, custom metrics.
#include "tests/unit/analyzer/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using testing::HasSubstr;
using Names = std::vector<std::string>;

LabelSelector where(const std::string& key, const std::string& value) {
    return {{{.key = key, .op = LabelRequirement::Operator::in, .values = {value}}}};
}

/// A rule on the CPU pressure of the pods with app=web; "web" is one, "batch" may be throttled.
FakeNode protectingWeb() {
    auto node = FakeNode::withRule({.watermark = 20, .metric = "pod_cpu_pressure_some"});
    node.rule().seriesSelector = where("app", "web");
    node.add("web", 500).pod.labels = {{"app", "web"}};
    node.add("batch", 5000);
    return node;
}

TEST(PodSeries, the_stall_of_a_selected_victim_throttles_who_may_be_throttled) {
    auto node = protectingWeb();
    node.find("web").stalled.cpuSome = Percent{35};
    node.find("batch").stalled.cpuSome = Percent{90};
    node.tick();
    EXPECT_EQ(node.decision.rules[0].value, 35.0);
    EXPECT_EQ(node.decision.rules[0].series, "default/web");
    EXPECT_EQ(node.names(StepKind::throttle), (Names{"batch"}));
    EXPECT_THAT(node.steps(StepKind::throttle)[0]->reason,
                HasSubstr("pod_cpu_pressure_some of default/web 35 above 20"));
}

TEST(PodSeries, can_be_selected_by_what_a_pod_is) {
    for (const auto& [key, value] : {std::pair{"namespace", "default"},
                                     {"pod", "web"},
                                     {"PodName", "web"},
                                     {"qos_class", "BestEffort"}}) {
        auto node = protectingWeb();
        node.rule().seriesSelector = where(key, value);
        node.find("web").stalled.cpuSome = Percent{35};
        node.find("batch").stalled.cpuSome = Percent{0};
        EXPECT_EQ(node.tick().rules[0].value, 35.0) << key;
    }
}

TEST(PodSeries, a_pod_that_is_held_down_is_no_victim) {
    auto node = protectingWeb();
    node.rule().seriesSelector.reset();
    node.find("web").stalled.cpuSome = Percent{35};
    node.find("batch").stalled.cpuSome = Percent{0};
    node.tick();
    ASSERT_NE(node.findHeld("batch"), nullptr);
    node.find("web").stalled.cpuSome = Percent{1};
    node.find("batch").stalled.cpuSome = Percent{90}; // its own quota
    EXPECT_FALSE(node.tick().rules[0].hit);
}

TEST(PodSeries, with_nobody_to_protect_the_rule_rests_and_restores) {
    auto node = protectingWeb();
    node.find("web").stalled.cpuSome = Percent{35};
    node.tick();
    ASSERT_NE(node.findHeld("batch"), nullptr);
    node.remove("web");
    node.recompile();
    EXPECT_THAT(node.tick().rules[0].trouble,
                HasSubstr("nothing on this node that the rule watches"));
    node.ticks(60);
    EXPECT_TRUE(node.held.empty());
}

TEST(PodSeries, that_are_all_unknown_freeze_the_rule) {
    auto node = protectingWeb();
    node.find("web").stalled.cpuSome = Percent{35};
    node.tick();
    node.find("web").stalled.cpuSome = std::unexpected(Unknown::unreadable);
    EXPECT_EQ(node.ticks(30).rules[0].verdict.kind, VerdictKind::unknown);
    EXPECT_NE(node.findHeld("batch"), nullptr);
}

TEST(PodSeries, one_that_is_not_known_yet_does_not_blind_the_rule) {
    auto node = protectingWeb();
    node.add("web-2", 100).pod.labels = {{"app", "web"}};
    node.find("web").stalled.cpuSome = Percent{35};
    EXPECT_EQ(node.tick().rules[0].value, 35.0);
}

TEST(DeviceSeries, are_selected_by_name_and_the_largest_counts) {
    auto node = FakeNode::withRule({.watermark = 80, .metric = "disk_utilization"});
    node.action().cpuThrottle.reset();
    node.action().eviction.emplace();
    auto snapshot = node.measure();
    snapshot.node.disks = {{.name = "sda", .utilization = Percent{95}},
                           {.name = "sdb", .utilization = Percent{50}}};
    node.decideOn(snapshot);
    EXPECT_EQ(node.decision.rules[0].value, 95.0);
    EXPECT_EQ(node.decision.rules[0].series, "sda");
    node.rule().seriesSelector = where("diskName", "sdb");
    node.recompile();
    node.decideOn(snapshot);
    EXPECT_EQ(node.decision.rules[0].value, 50.0);
    node.rule().seriesSelector = where("diskName", "sdc");
    node.recompile();
    node.decideOn(snapshot);
    EXPECT_EQ(node.decision.rules[0].value, std::nullopt);
    EXPECT_NE(node.decision.rules[0].trouble, "");
}

TEST(DeviceSeries, are_not_lowered_by_throttling_and_the_rule_says_so) {
    auto node = FakeNode::withRule({.watermark = 80, .metric = "disk_utilization"});
    EXPECT_THAT(node.tick().rules[0].limitation, HasSubstr("is not lowered by cpuThrottle"));
}

FakeNode onLatency() {
    auto node = FakeNode::withRule({.watermark = 10, .metric = "latency"});
    node.add("a", 3000);
    node.tick();
    return node;
}

TEST(CustomSeries, nothing_delivered_is_unknown_and_says_who_would) {
    auto node = onLatency();
    EXPECT_EQ(node.decision.rules[0].verdict.kind, VerdictKind::unknown);
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("nothing has delivered latency"));
}

TEST(CustomSeries, the_largest_fresh_one_that_the_selector_picks_counts) {
    auto node = onLatency();
    node.deliver("latency", 5, {{"zone", "a"}});
    node.deliver("latency", 50, {{"zone", "b"}});
    EXPECT_EQ(node.tick().rules[0].value, 50.0);
    EXPECT_EQ(node.decision.rules[0].series, "{zone=b}");
    node.rule().seriesSelector = where("zone", "a");
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].value, 5.0);
}

TEST(CustomSeries, older_than_the_ttl_is_stale_and_freezes) {
    auto node = onLatency();
    node.policy.nodeQos[0].localCacheTtl = 3s;
    node.recompile();
    node.deliver("latency", 50);
    EXPECT_EQ(node.ticks(3).rules[0].verdict.kind, VerdictKind::avoiding);
    EXPECT_EQ(node.tick().rules[0].verdict.kind, VerdictKind::unknown);
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("stale: nothing newer than 3 s"));
    EXPECT_FALSE(node.held.empty()) << "unknown neither triggers nor restores";
    EXPECT_TRUE(node.decision.plan.empty());
}

TEST(CustomSeries, may_say_themselves_when_they_expire) {
    auto node = onLatency();
    node.deliver("latency", 50);
    node.custom.metrics[0].series[0].expires = node.now() + 1s;
    EXPECT_EQ(node.tick().rules[0].value, 50.0);
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt);
}

TEST(CustomSeries, of_a_pod_that_is_held_down_do_not_count) {
    auto node = onLatency();
    node.deliver("latency", 50);
    node.custom.metrics[0].series[0].pod = node.find("a").pod.uid;
    node.tick();
    ASSERT_NE(node.findHeld("a"), nullptr);
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt);
}

TEST(CustomSeries, have_names_of_bounded_length) {
    auto node = onLatency();
    node.deliver("latency", 50, {{"a", std::string(10'000, 'x')}, {"b", "y"}});
    EXPECT_EQ(node.tick().rules[0].series, "{…}");
}

TEST(CustomSeries, of_a_probe_are_for_the_rules_of_its_node_qos_alone) {
    auto node = onLatency();
    node.deliver("latency", 50);
    node.custom.metrics[0].series[0].nodeQos = "other";
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt);
    node.custom.metrics[0].series[0].nodeQos = "node";
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt) << "this NodeQOS has no probe";
    node.policy.nodeQos[0].probe = HttpProbe{.port = 80};
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].value, 50.0);
    node.custom.metrics[0].series[0].nodeQos = "";
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt) << "its own probe, and no other source";
}

TEST(CustomSeries, with_a_conversion_are_precise) {
    auto node = onLatency();
    node.settings.metrics = {
        {.name = "latency", .conversion = Conversion{ReleaseUnit::millicores, 20}}};
    node.recompile();
    node.deliver("latency", 12); // 2 too many: 44 millicores
    node.tick();
    ASSERT_EQ(node.steps(StepKind::throttle).size(), 1U);
    EXPECT_NEAR(node.steps(StepKind::throttle)[0]->expected.cpu.value, 44, 10);
}

TEST(CustomSeries, that_stop_coming_block_restoring_for_a_bounded_time_and_say_so) {
    auto node = FakeNode::withRule();
    node.settings.metrics = {
        {.name = "queue", .conversion = Conversion{ReleaseUnit::millicores, 20}}};
    node.addRule({.name = "custom", .watermark = 10, .metric = "queue"});
    node.policy.nodeQos[0].localCacheTtl = 5s;
    node.add("a", 7000);
    node.deliver("queue", 1);
    node.ticks(2);
    node.find("a").demand = {};
    node.custom.metrics.clear();
    node.ticks(3);
    EXPECT_EQ(node.decision.rules[0].trouble,
              "restoring waits for node/custom, which is above its watermark or unknown");
    node.ticks(30);
    EXPECT_TRUE(node.held.empty());
    EXPECT_EQ(node.decision.rules[0].trouble, "");
}

TEST(CustomSeries, that_nothing_delivers_any_more_keep_no_other_rule_from_restoring) {
    auto node = FakeNode::withRule();
    node.settings.metrics = {
        {.name = "queue", .conversion = Conversion{ReleaseUnit::millicores, 20}}};
    node.addRule({.name = "custom", .watermark = 10, .metric = "queue"});
    node.add("a", 7000);
    node.tick();
    node.find("a").demand = {};
    node.tick();
    EXPECT_EQ(node.steps(StepKind::restore).size(), 1U);
}

TEST(Distribution, counts_what_is_asked_for_of_what_the_node_offers) {
    auto node = FakeNode::withRule({.watermark = 80, .metric = "ext_cpu_total_distribute"});
    node.add("a", 1).pod.containers[0].elasticCpu = Millicores{3000};
    node.add("done", 1).pod.containers[0].elasticCpu = Millicores{9000};
    node.find("done").pod.phase = PodPhase::succeeded;
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt) << "the node offers nothing";
    node.policy.node = Node{.elasticCpu = Millicores{4000}};
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].value, 75.0);
    node.policy.node->elasticCpu = Millicores{};
    node.recompile();
    EXPECT_EQ(node.tick().rules[0].value, std::nullopt) << "and not infinite";
}

} // namespace
} // namespace plimsoll::analyzer
