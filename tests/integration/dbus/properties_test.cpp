// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

namespace plimsoll::test {
namespace {

using Properties = DbusTest;

TEST_F(Properties, unknown_reading_is_nan_and_not_zero) {
    EXPECT_EQ(client->get(kManagerPath, kManager, "MemoryUsage"), "nan");
    EXPECT_EQ(client->get(std::string(kRoot) + "/rule/watermark1/memory", kRule, "Value"), "nan");
    EXPECT_EQ(client->get(std::string(kRoot) + "/rule/watermark1/memory", kRule, "Gap"), "nan");
}

TEST_F(Properties, snapshot_says_why_a_reading_is_unknown) {
    const auto snapshot = client->call(kManagerPath, kManager, "GetSnapshot");
    EXPECT_THAT(snapshot, HasSubstr(R"("MemoryUsage": "unreadable")"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CpuSteal": "not-yet")"));
    EXPECT_THAT(snapshot, Not(HasSubstr("nan")));
}

TEST_F(Properties, everything_is_unknown_before_the_first_tick) {
    service.onLoop([&] {
        service.state = Published{};
        service.service->publish();
    });
    EXPECT_EQ(client->get(kManagerPath, kManager, "Mode"), R"("starting")");
    EXPECT_EQ(client->get(kManagerPath, kManager, "CpuUsage"), "nan");
    EXPECT_EQ(client->get(kManagerPath, kManager, "LastTick"), "0");
    EXPECT_EQ(client->get(kManagerPath, kManager, "Rules"), "[]");
    EXPECT_EQ(client->call(kManagerPath, kManager, "GetSnapshot"), "{}");
}

TEST_F(Properties, manager_shows_the_node) {
    EXPECT_EQ(client->call(kManagerPath, kProperties, "GetAll", "s", kManager),
              R"({"CpuUsage": 3250.5, "CpuUtilization": 81.25, "LastError": "", "LastTick": 7, )"
              R"("LastTickMonotonicUSec": 123456789, "MemoryTotal": nan, "MemoryUsage": nan, )"
              R"("MemoryUtilization": nan, "Mode": "watching", )"
              R"("ModeReason": "no rule is above its watermark", "NodeName": "node-a", )"
              R"("PodCount": 3, "PodsOmitted": 0, "PolicyGeneration": 3, )"
              R"("Refusals": ["p.yaml:4: NodeQOS/x: spec: nothing there"], )"
              R"("Rules": ["/org/plimsoll/Node1/rule/watermark1/cpu_2dusage", )"
              R"("/org/plimsoll/Node1/rule/watermark1/memory"], "ThrottledPods": [], )"
              R"("Version": ")" PLIMSOLL_VERSION R"("})");
}

TEST_F(Properties, rule_shows_value_against_watermark) {
    EXPECT_EQ(client->call(kRulePath, kProperties, "GetAll", "s", kRule),
              R"({"ActionName": "throttle", "AvoidanceThreshold": 2, "Count": 1, "Gap": 275.5, )"
              R"("Hit": true, "Limitation": "", "MayRestore": false, )"
              R"("Metric": "cpu_total_usage", "Name": "cpu-usage", "NodeQOS": "watermark1", )"
              R"("Of": 2, "RestoreThreshold": 3, "Strategy": "None", "Unit": "millicores", )"
              R"("Value": 3250.5, "Verdict": "rising 1/2", "VerdictKind": "rising", )"
              R"("Watermark": 3000})");
}

TEST_F(Properties, rule_that_cannot_act_says_so) {
    const auto path = std::string(kRoot) + "/rule/watermark1/memory";
    EXPECT_EQ(client->get(path, kRule, "VerdictKind"), R"("unknown")");
    EXPECT_EQ(client->get(path, kRule, "Limitation"), R"("eviction needs a cluster")");
    EXPECT_EQ(client->get(path, kRule, "Strategy"), R"("Preview")");
    EXPECT_EQ(client->get(path, kRule, "Unit"), R"("percent")");
}

TEST_F(Properties, pod_shows_what_it_is_and_uses) {
    EXPECT_EQ(
        client->call(kBatchPath, kProperties, "GetAll", "s", kPod),
        R"({"BaselineCpuMax": "", "Causes": [], "Cgroup": )"
        R"("/kubepods.slice/kubepods-besteffort.slice/pod0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000", )"
        R"("CpuMax": "max 100000", "CpuUsage": 900, "Exemption": "", )"
        R"("MemoryWorkingSet": 6.71089e+07, "Name": "batch-0", "Namespace": "offline", )"
        R"("Priority": -100, "QosClass": "BestEffort", "Throttled": false, )"
        R"("Uid": "0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000"})");
}

TEST_F(Properties, cgroup_without_a_pod_object_has_no_name) {
    const auto path = std::string(kRoot) + "/pod/_322222222_2daaaa_2d4bbb_2d8ccc_2d000000000002";
    EXPECT_EQ(client->get(path, kPod, "Name"), R"("")");
    EXPECT_EQ(client->get(path, kPod, "Namespace"), R"("")");
    EXPECT_EQ(client->get(path, kPod, "CpuMax"), R"("")") << "unknown";
}

TEST_F(Properties, readings_are_those_of_the_tick_before_the_question) {
    service.tick(nextTick);
    EXPECT_EQ(client->get(kManagerPath, kManager, "CpuUsage"), "3251.5");
    EXPECT_EQ(client->get(kManagerPath, kManager, "LastTick"), "8");
}

TEST_F(Properties, snapshot_has_node_and_pods) {
    const auto snapshot = client->call(kManagerPath, kManager, "GetSnapshot");
    EXPECT_THAT(snapshot, HasSubstr(R"("Tick": 7)"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CpuUsage": 3250.5)"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CpuPressure": {"SomeAvg10": 1.5, "SomeAvg300": 0.25, )"
                                    R"("SomeAvg60": 0.5, "SomeTotalUSec": 42})"));
    EXPECT_THAT(snapshot, HasSubstr(R"("Pod": "offline/batch-0")"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CpuMax": "max 100000")"));
}

} // namespace
} // namespace plimsoll::test
