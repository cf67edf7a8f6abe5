// SPDX-License-Identifier: Apache-2.0
// Rules and pods come and go, and change.
#include "fixture.hpp"

#include <algorithm>

namespace plimsoll::test {
namespace {

class Objects : public DbusTest {
protected:
    void SetUp() override {
        DbusTest::SetUp();
        client->listen();
    }
    static void throttleFirst(Published& state) { state.held = {heldPod(state, 0)}; }
};

TEST_F(Objects, tick_without_changes_sends_nothing) {
    for (int i = 0; i < 3; ++i)
        service.tick(nextTick);
    EXPECT_THAT(client->signals(), IsEmpty());
}

TEST_F(Objects, second_pod_of_the_same_uid_is_left_out) {
    service.tick([](Published& state) {
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        addPod(state, *snapshot, kBatchUid, "offline/batch-0");
        state.snapshot = snapshot;
    });
    EXPECT_EQ(changed(client->signals(), kManagerPath),
              R"("org.plimsoll.Node1.Manager" {"PodCount": 4} [])");
    EXPECT_EQ(client->get(kBatchPath, kPod, "CpuUsage"), "900");
}

TEST_F(Objects, second_rule_of_the_same_name_is_left_out) {
    service.tick([](Published& state) { state.rules.push_back(state.rules[0]); });
    EXPECT_EQ(client->get(kRulePath, kRule, "Value"), "3250.5");
    service.tick([](Published& state) { state.rules.pop_back(); });
    EXPECT_EQ(client->get(kRulePath, kRule, "Value"), "3250.5");
}

TEST_F(Objects, pod_that_ends_is_removed) {
    service.tick([](Published& state) {
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->pods.erase(snapshot->pods.begin());
        state.snapshot = snapshot;
        state.pods.erase(state.pods.begin());
    });
    const auto seen = client->signals();
    EXPECT_THAT(members(seen), ElementsAre("InterfacesRemoved", "PropertiesChanged"));
    EXPECT_THAT(seen[0].body, HasSubstr(kBatchPath));
    EXPECT_THAT(seen[0].body, HasSubstr(kPod));
    EXPECT_EQ(client->get(kBatchPath, kPod, "Uid"),
              "error: org.freedesktop.DBus.Error.UnknownObject");
    // The others stand at other places of the list now.
    EXPECT_EQ(
        client->get(std::string(kRoot) + "/pod/_311111111_2daaaa_2d4bbb_2d8ccc_2d000000000001",
                    kPod, "Name"),
        R"("web-0")");
}

TEST_F(Objects, pod_that_comes_is_added_with_its_properties) {
    service.tick([](Published& state) {
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        addPod(state, *snapshot, "uid4", "offline/late");
        state.snapshot = snapshot;
    });
    const auto seen = client->signals();
    EXPECT_THAT(members(seen), ElementsAre("InterfacesAdded", "PropertiesChanged"));
    EXPECT_EQ(seen[0].path, kRoot);
    EXPECT_THAT(seen[0].body, HasSubstr(R"("/org/plimsoll/Node1/pod/uid4")"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("Name": "late")"));
    EXPECT_THAT(client->call(kRoot, kObjectManager, "GetManagedObjects"),
                HasSubstr("/org/plimsoll/Node1/pod/uid4"));
}

TEST_F(Objects, rules_come_and_go_with_the_policies) {
    service.tick([](Published& state) {
        state.rules.erase(state.rules.begin());
        RuleStatus rule;
        rule.key = {"übung", ""};
        state.rules.push_back(rule);
        state.rulesChanged = true;
        ++state.policyGeneration;
    });
    const auto seen = client->signals();
    EXPECT_THAT(members(seen),
                ElementsAre("InterfacesRemoved", "InterfacesAdded", "PropertiesChanged"));
    EXPECT_EQ(changed(seen, kManagerPath),
              R"("org.plimsoll.Node1.Manager" {"PolicyGeneration": 4, "Rules": )"
              R"(["/org/plimsoll/Node1/rule/watermark1/memory", )"
              R"("/org/plimsoll/Node1/rule/_c3_bcbung/_"]} [])");
    EXPECT_EQ(client->get(kRulePath, kRule, "Value"),
              "error: org.freedesktop.DBus.Error.UnknownObject");
}

TEST_F(Objects, one_signal_per_object_and_tick_with_what_really_changed) {
    service.tick([](Published& state) {
        nextTick(state);
        throttleFirst(state);
        state.mode = Mode::avoiding;
        state.modeReason = "watermark1/cpu-usage";
        state.rules[0].verdict = {VerdictKind::avoiding, 0, 0};
        state.rules[0].value = 3500;
        state.rulesChanged = state.podsChanged = true;
    });
    const auto seen = client->signals();
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(changed(seen, kManagerPath),
              R"("org.plimsoll.Node1.Manager" {"Mode": "avoiding", )"
              R"("ModeReason": "watermark1/cpu-usage", "ThrottledPods": [")" +
                  std::string(kBatchPath) + R"("]} [])");
    EXPECT_EQ(changed(seen, kRulePath), R"("org.plimsoll.Node1.Rule" {"Count": 0, "Of": 0, )"
                                        R"("Verdict": "avoiding", "VerdictKind": "avoiding"} [])");
    EXPECT_EQ(changed(seen, kBatchPath),
              R"("org.plimsoll.Node1.Pod" {"BaselineCpuMax": "max 100000", )"
              R"("Causes": ["watermark1/cpu-usage"], "CpuMax": "45000 100000", )"
              R"("Throttled": true, "ThrottledBy": ["cpu.max"]} [])");
}

TEST_F(Objects, rule_definition_that_changes_is_signalled) {
    service.tick([](Published& state) {
        state.rules[0].rule.watermark = 2500;
        state.rules[0].rule.metric = "cpu_total_utilization";
        state.rules[0].unit = "percent";
    });
    EXPECT_EQ(changed(client->signals(), kRulePath),
              R"("org.plimsoll.Node1.Rule" {"Metric": "cpu_total_utilization", )"
              R"("Unit": "percent", "Watermark": 2500} [])");
}

TEST_F(Objects, released_pod_shows_its_baseline_at_once) {
    service.tick([](Published& state) {
        nextTick(state);
        throttleFirst(state);
    });
    service.tick([](Published& state) { // the readings come before the step that lets it go
        nextTick(state);
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->pods[0].cpuMax = state.held[0].applied.cpuMax();
        state.snapshot = snapshot;
        state.held.clear();
    });
    EXPECT_EQ(client->get(kBatchPath, kPod, "Throttled"), "false");
    EXPECT_EQ(client->get(kBatchPath, kPod, "CpuMax"), R"("max 100000")");
    client->signals();
    service.tick([](Published& state) {
        nextTick(state);
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->pods[0].cpuMax = CpuMax{};
        state.snapshot = snapshot;
    });
    EXPECT_THAT(client->signals(), IsEmpty());
}

TEST_F(Objects, pod_held_by_memory_alone_is_throttled) {
    service.tick([](Published& state) { state.held = {heldByMemory(state, 0)}; });
    EXPECT_EQ(changed(client->signals(), kBatchPath),
              R"("org.plimsoll.Node1.Pod" {"BaselineMemoryHigh": "max", )"
              R"("Causes": ["watermark1/memory", "watermark1/cpu-usage"], )"
              R"("MemoryHigh": "52428800", "Throttled": true, )"
              R"("ThrottledBy": ["memory.high"]} [])");
    EXPECT_EQ(client->get(kBatchPath, kPod, "CpuMax"), R"("max 100000")");
    EXPECT_EQ(client->get(kBatchPath, kPod, "BaselineCpuMax"), R"("")");
}

TEST_F(Objects, pod_held_by_two_levers_is_one_throttled_pod_with_each_cause_once) {
    service.tick(
        [](Published& state) { state.held = {heldPod(state, 0), heldByMemory(state, 0)}; });
    EXPECT_EQ(client->get(kBatchPath, kPod, "ThrottledBy"), R"(["cpu.max", "memory.high"])");
    EXPECT_EQ(client->get(kBatchPath, kPod, "Causes"),
              R"(["watermark1/cpu-usage", "watermark1/memory"])");
    EXPECT_EQ(client->get(kManagerPath, kManager, "ThrottledPods"),
              "[\"" + std::string(kBatchPath) + "\"]");
    client->signals();
    service.tick([](Published& state) { state.held.pop_back(); }); // one lever lets go
    EXPECT_EQ(changed(client->signals(), kBatchPath),
              R"("org.plimsoll.Node1.Pod" {"BaselineMemoryHigh": "", )"
              R"("Causes": ["watermark1/cpu-usage"], "MemoryHigh": "max", )"
              R"("ThrottledBy": ["cpu.max"]} [])");
    EXPECT_EQ(client->get(kBatchPath, kPod, "Throttled"), "true");
}

TEST_F(Objects, trouble_score_and_policy_objects_are_signalled_when_they_change) {
    service.tick([](Published& state) {
        state.rules[0].trouble = "two pods did not help";
        state.objects = {{.kind = "NodeQOS", .name = "w"}};
    });
    const auto seen = client->signals();
    EXPECT_EQ(changed(seen, kRulePath),
              R"("org.plimsoll.Node1.Rule" {"Trouble": "two pods did not help"} [])");
    EXPECT_EQ(changed(seen, kManagerPath), R"("org.plimsoll.Node1.Manager" {} ["PolicyObjects"])");
}

TEST_F(Objects, limit_that_somebody_else_sets_is_shown) {
    service.tick([](Published& state) {
        nextTick(state);
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->pods[0].cpuMax = CpuMax{Microseconds(70'000)};
        state.snapshot = snapshot;
    });
    EXPECT_EQ(changed(client->signals(), kBatchPath),
              R"("org.plimsoll.Node1.Pod" {"CpuMax": "70000 100000"} [])");
}

TEST_F(Objects, too_many_pods_are_counted_but_a_throttled_one_always_has_an_object) {
    const auto lots = [](Published& state) {
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        for (int i = 0; i < 1100; ++i)
            addPod(state, *snapshot, "u" + std::to_string(i), "many/p" + std::to_string(i));
        state.snapshot = snapshot;
    };
    service.tick(lots);
    EXPECT_EQ(client->get(kManagerPath, kManager, "PodCount"), "1103");
    EXPECT_EQ(client->get(kManagerPath, kManager, "PodsOmitted"), "79");
    const auto last = std::string(kRoot) + "/pod/u1099";
    EXPECT_EQ(client->get(last, kPod, "Uid"), "error: org.freedesktop.DBus.Error.UnknownObject");

    service.tick([](Published& state) { state.held = {heldPod(state, 1102)}; });
    EXPECT_EQ(client->get(last, kPod, "Throttled"), "true");
    EXPECT_EQ(client->get(kManagerPath, kManager, "ThrottledPods"), "[\"" + last + "\"]");
    EXPECT_EQ(client->get(kManagerPath, kManager, "PodsOmitted"), "78");
}

} // namespace
} // namespace plimsoll::test
