// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

namespace plimsoll::test {
namespace {

class Signals : public DbusTest {
protected:
    void SetUp() override {
        DbusTest::SetUp();
        client->listen();
    }
    Outcome outcome(StepKind kind) {
        Step step;
        step.kind = kind;
        step.pod = podCgroup(kBatchUid);
        step.podName = "offline/batch-0";
        step.from = CpuMax{};
        step.to = CpuMax{Microseconds(45'000)};
        step.expected.cpu = {450};
        step.usage.cpu = {900};
        step.causes = {{"watermark1", "cpu-usage"}};
        step.reason = "cpu_total_usage 3250 above 3000";
        return {.step = step, .done = true, .writer = "file"};
    }
    std::vector<Seen> finish(const Outcome& outcome) {
        service.onLoop([&] { service.service->stepFinished(outcome); });
        return client->signals();
    }
};

TEST_F(Signals, preview_and_vanished_pod_are_silent) {
    auto preview = outcome(StepKind::throttle);
    preview.step.disposition = Disposition::preview;
    EXPECT_THAT(finish(preview), IsEmpty());
    auto vanished = outcome(StepKind::throttle);
    vanished.done = false;
    vanished.gone = true;
    EXPECT_THAT(finish(vanished), IsEmpty());
}

TEST_F(Signals, failed_step_says_why) {
    auto failed = outcome(StepKind::throttle);
    failed.done = false;
    failed.error = "writing cpu.max: Permission denied";
    const auto seen = finish(failed);
    ASSERT_THAT(members(seen), ElementsAre("StepFailed"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("throttle" "offline/batch-0")"));
    EXPECT_THAT(seen[0].body, HasSubstr("writing cpu.max: Permission denied"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("From": "max 100000")"));
}

TEST_F(Signals, done_step_says_from_to_and_why) {
    const auto seen = finish(outcome(StepKind::throttle));
    ASSERT_THAT(members(seen), ElementsAre("StepDone"));
    EXPECT_EQ(seen[0].path, kManagerPath);
    EXPECT_EQ(seen[0].body,
              R"("throttle" "offline/batch-0" "/kubepods.slice/kubepods-besteffort.slice/pod)" +
                  std::string(kBatchUid) +
                  R"(" "max 100000" "45000 100000" {"Causes": ["watermark1/cpu-usage"], )"
                  R"("ExpectedRelease": 450, "Lever": "cpu.max", "Path": ")" +
                  kBatchPath +
                  R"(", "Reason": "cpu_total_usage 3250 above 3000", "ToBaseline": false, )"
                  R"("Uid": "0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000", "Usage": 900, )"
                  R"("Writer": "file"})");
}

TEST_F(Signals, unavailable_and_pending_steps_are_silent) {
    auto unavailable = outcome(StepKind::evict);
    unavailable.done = false;
    unavailable.step.lever = Lever::eviction;
    unavailable.step.disposition = Disposition::unavailable;
    EXPECT_THAT(finish(unavailable), IsEmpty());
    auto pending = outcome(StepKind::reclaim);
    pending.done = false;
    pending.pending = true;
    EXPECT_THAT(finish(pending), IsEmpty());
}

TEST_F(Signals, memory_steps_are_told_in_bytes) {
    auto high = outcome(StepKind::throttle);
    high.step.lever = Lever::memoryHigh;
    high.step.from = MemoryHigh{};
    high.step.to = MemoryHigh{Bytes{52'428'800}};
    high.step.expected = {.memory = Bytes{4096}};
    high.step.usage = {.memory = Bytes{65536}};
    auto seen = finish(high);
    ASSERT_THAT(members(seen), ElementsAre("StepDone"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"(" "max" "52428800" {)"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("ExpectedMemoryRelease": 4096, "Lever": "memory.high", )"
                                        R"("MemoryUsage": 65536)"));
    EXPECT_THAT(seen[0].body, Not(HasSubstr("ExpectedRelease")));

    auto reclaim = outcome(StepKind::reclaim);
    reclaim.step.lever = Lever::memoryReclaim;
    reclaim.step.amount = Bytes{8192};
    seen = finish(reclaim);
    ASSERT_THAT(members(seen), ElementsAre("StepDone"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"(" "" "" {"Amount": 8192, )")) << "it has no from and to";
}

TEST_F(Signals, drift_says_what_was_found_and_comes_beside_the_step) {
    auto seen = finish(outcome(StepKind::reapply)); // from theirs to ours
    ASSERT_THAT(members(seen), ElementsAre("Drift", "StepDone"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("max 100000" "reapply")"));
    seen = finish(outcome(StepKind::yield)); // from ours to theirs
    ASSERT_THAT(members(seen), ElementsAre("Drift", "StepDone"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("45000 100000" "yield")"));
}

TEST_F(Signals, step_on_a_cgroup_that_is_not_known_any_more_is_told_without_it) {
    auto undone = outcome(StepKind::undo);
    undone.step.pod = nullptr;
    const auto seen = finish(undone);
    ASSERT_THAT(members(seen), ElementsAre("StepDone"));
    EXPECT_THAT(seen[0].body, HasSubstr(R"("undo" "offline/batch-0" "" )"));
}

TEST_F(Signals, rule_triggers_and_restores) {
    service.onLoop([&] {
        service.service->ruleTriggered(service.state.rules[0]);
        service.service->ruleRestored(service.state.rules[1]);
        service.service->policyChanged();
    });
    const auto seen = client->signals();
    ASSERT_THAT(members(seen), ElementsAre("RuleTriggered", "RuleRestored", "PolicyChanged"));
    EXPECT_EQ(
        seen[0].body,
        R"(")" + std::string(kRulePath) +
            R"(" "watermark1" "cpu-usage" {"ActionName": "throttle", )"
            R"("Gap": 275.5, "GapUnit": "millicores", )"
            R"("Metric": "cpu_total_usage", "Strategy": "None", )"
            R"("Unit": "millicores", "Value": 3250.5, "Verdict": "rising 1/2", "Watermark": 3000})");
    EXPECT_THAT(seen[1].body, Not(HasSubstr("Value"))) << "unknown";
    EXPECT_EQ(seen[2].body, R"(3 {"Refusals": 1, "Rules": 2})");
}

} // namespace
} // namespace plimsoll::test
