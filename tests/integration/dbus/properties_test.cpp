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
    EXPECT_EQ(
        client->call(kManagerPath, kProperties, "GetAll", "s", kManager),
        R"({"ApiServer": "https://10.0.0.1:6443", "Cluster": "incomplete", )"
        R"("ClusterProblem": "NodeQOS: the CRD is not installed", )"
        R"("CpuUsage": 3250.5, "CpuUtilization": 81.25, "LastError": "", "LastTick": 7, )"
        R"("LastTickMonotonicUSec": 123456789, "MemoryTotal": nan, "MemoryUsage": nan, )"
        R"("MemoryUtilization": nan, "MirroredAtUSec": 1700000000000000, "Mode": "watching", )"
        R"("ModeReason": "no rule is above its watermark", "NodeName": "node-a", )"
        R"("PodCount": 3, "PodsOmitted": 0, "PolicyGeneration": 3, "PolicyObjects": [], )"
        R"("Refusals": ["p.yaml:4: NodeQOS/x: spec: nothing there"], )"
        R"("Rules": ["/org/plimsoll/Node1/rule/watermark1/cpu_2dusage", )"
        R"("/org/plimsoll/Node1/rule/watermark1/memory"], "Scheduling": "closed-by-others", )"
        R"("SourceProblems": [], )"
        R"("ThrottledPods": [], )"
        R"("Version": ")" PLIMSOLL_VERSION R"("})");
}

TEST_F(Properties, rule_shows_value_against_watermark) {
    EXPECT_EQ(client->call(kRulePath, kProperties, "GetAll", "s", kRule),
              R"({"ActionName": "throttle", "AvoidanceThreshold": 2, "Count": 1, "Gap": 275.5, )"
              R"("GapUnit": "millicores", "Hit": true, "Limitation": "", "MayRestore": false, )"
              R"("Metric": "cpu_total_usage", "Name": "cpu-usage", "NodeQOS": "watermark1", )"
              R"("Of": 2, "PreviewScore": {}, "RestoreThreshold": 3, "Series": "", )"
              R"("Strategy": "None", "Trouble": "", "Unit": "millicores", )"
              R"("Value": 3250.5, "Verdict": "rising 1/2", "VerdictKind": "rising", )"
              R"("Watermark": 3000})");
}

TEST_F(Properties, rule_that_cannot_act_says_so) {
    const auto path = std::string(kRoot) + "/rule/watermark1/memory";
    EXPECT_EQ(client->get(path, kRule, "VerdictKind"), R"("unknown")");
    EXPECT_EQ(client->get(path, kRule, "Limitation"), R"("eviction needs a cluster")");
    EXPECT_EQ(client->get(path, kRule, "Strategy"), R"("Preview")");
    EXPECT_EQ(client->get(path, kRule, "Unit"), R"("percent")");
    EXPECT_EQ(client->get(path, kRule, "Trouble"), R"("MemAvailable cannot be read")");
    EXPECT_EQ(client->get(path, kRule, "GapUnit"), R"("")") << "there is no gap";
}

TEST_F(Properties, rule_in_preview_shows_how_right_it_was) {
    EXPECT_EQ(
        client->get(std::string(kRoot) + "/rule/watermark1/memory", kRule, "PreviewScore"),
        R"({"ByOthers": 1, "Episodes": 6, "LastExpectedMemoryRelease": 4096, "LastExpectedRelease": 300, )"
        R"("LastSeconds": 42.5, "OnItsOwn": 3, "WouldHelp": 2})");
}

TEST_F(Properties, rule_shows_which_series_its_value_is_of_and_its_gap_in_bytes) {
    service.tick([](Published& state) {
        state.rules[0].series = "jobs/web-1";
        state.rules[0].gap = Gap{.unit = ReleaseUnit::bytes, .amount = 1024};
    });
    EXPECT_EQ(client->get(kRulePath, kRule, "Series"), R"("jobs/web-1")");
    EXPECT_EQ(client->get(kRulePath, kRule, "Gap"), "1024");
    EXPECT_EQ(client->get(kRulePath, kRule, "GapUnit"), R"("bytes")");
}

TEST_F(Properties, policy_objects_say_what_became_of_them) {
    service.tick([](Published& state) {
        ObjectStatus object{
            .kind = "NodeQOS", .name = "w", .origin = "p.yaml:4", .accepted = false};
        object.notActedOn = {"spec.resourceQOS"};
        object.problems.assign(100, "spec.rules: nothing there");
        state.objects.assign(2000, object);
    });
    const auto objects = client->get(kManagerPath, kManager, "PolicyObjects");
    EXPECT_THAT(objects, HasSubstr(R"({"Accepted": false, "Kind": "NodeQOS", "Name": "w", )"
                                   R"("NotActedOn": ["spec.resourceQOS"], "Origin": "p.yaml:4", )"
                                   R"("Problems": ["spec.rules: nothing there", )"));
    EXPECT_LT(objects.size(), 1'000'000U) << "bounded";
}

TEST_F(Properties, sources_that_do_not_deliver_are_listed) {
    service.tick([](Published& state) {
        auto custom = std::make_shared<CustomSamples>();
        custom->problems = {{.source = "NodeQOS/web", .reason = "connection refused"}};
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->custom = custom;
        state.snapshot = snapshot;
    });
    EXPECT_EQ(client->get(kManagerPath, kManager, "SourceProblems"),
              R"(["NodeQOS/web: connection refused"])");
}

TEST_F(Properties, snapshot_has_load_devices_stalls_and_custom_series) {
    service.tick([](Published& state) {
        auto custom = std::make_shared<CustomSamples>();
        custom->metrics = {{.name = "queue", .series = {{.value = 1}, {.value = 2}}}};
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->custom = custom;
        snapshot->node.load = LoadSample{.over1 = 1.5, .over5 = 1, .over15 = 0.5};
        snapshot->node.stalled.memoryFull = Percent{12.5};
        snapshot->node.disks = {{.name = "sda", .utilization = Percent{98}}};
        snapshot->node.interfaces = {{.name = "eth0", .receiveKbps = 800.0}};
        snapshot->pods[0].cpuThrottled = Percent{33};
        snapshot->pods[0].memoryCurrent = Bytes{4096};
        snapshot->pods[0].memoryHigh = MemoryHigh{Bytes{52'428'800}};
        snapshot->pods[0].memoryHighEvents = 2.5;
        state.snapshot = snapshot;
    });
    const auto snapshot = client->call(kManagerPath, kManager, "GetSnapshot");
    EXPECT_THAT(snapshot, HasSubstr(R"("Load": {"Avg1": 1.5, "Avg15": 0.5, "Avg5": 1})"));
    EXPECT_THAT(snapshot, HasSubstr(R"("MemoryFullStalled": 12.5)"));
    EXPECT_THAT(snapshot, HasSubstr(R"({"Name": "sda", "Unknown": {"ReadIops": "not-yet")"));
    EXPECT_THAT(snapshot, HasSubstr(R"("Utilization": 98)"));
    EXPECT_THAT(snapshot, HasSubstr(R"({"Name": "eth0", "ReceiveKbps": 800, )"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CpuThrottled": 33)"));
    EXPECT_THAT(snapshot, HasSubstr(R"("MemoryCurrent": 4096)"));
    EXPECT_THAT(snapshot, HasSubstr(R"("MemoryHigh": "52428800")"));
    EXPECT_THAT(snapshot, HasSubstr(R"("MemoryHighEvents": 2.5)"));
    EXPECT_THAT(snapshot, HasSubstr(R"("CustomSeries": 2)"));
}

TEST_F(Properties, pod_shows_what_it_is_and_uses) {
    EXPECT_EQ(
        client->call(kBatchPath, kProperties, "GetAll", "s", kPod),
        R"({"BaselineCpuMax": "", "BaselineMemoryHigh": "", "Causes": [], "Cgroup": )"
        R"("/kubepods.slice/kubepods-besteffort.slice/pod0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000", )"
        R"("CpuMax": "max 100000", "CpuUsage": 900, "Exemption": "", )"
        R"("MemoryHigh": "max", "MemoryWorkingSet": 6.71089e+07, "Name": "batch-0", "Namespace": "offline", )"
        R"("Priority": -100, "QosClass": "BestEffort", "Throttled": false, "ThrottledBy": [], )"
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
