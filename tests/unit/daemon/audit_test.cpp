// SPDX-License-Identifier: Apache-2.0
#include "daemon/audit/entry.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace plimsoll::audit {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

Outcome throttled() {
    Outcome outcome;
    outcome.done = true;
    outcome.writer = "systemd";
    outcome.step = {.kind = StepKind::throttle,
                    .pod = std::make_shared<PodCgroup>(PodCgroup{
                        .uid = PodUid("11-22"),
                        .cgroup = {.path = CgroupPath("/kubepods.slice/kubepods-pod11_22.slice")}}),
                    .podName = "jobs/batch-1",
                    .from = {std::nullopt, Microseconds{100'000}},
                    .to = {Microseconds{180'000}, Microseconds{100'000}},
                    .expected = {.cpu = Millicores{200}},
                    .usage = Millicores{2000},
                    .causes = {{"watermark2", "cpu-usage"}, {"other", "load"}},
                    .reason = "too busy"};
    return outcome;
}

TEST(AuditOfAStep, names_pod_rule_values_and_plan) {
    const auto entry = describe(throttled(), "run-7");
    EXPECT_EQ(entry.event, Event::podThrottled);
    EXPECT_EQ(entry.message,
              "throttled jobs/batch-1: cpu.max 'max 100000' → '180000 100000' (too busy)");
    EXPECT_THAT(entry.fields, Contains(Pair("NAMESPACE", "jobs")));
    EXPECT_THAT(entry.fields, Contains(Pair("POD", "batch-1")));
    EXPECT_THAT(entry.fields, Contains(Pair("POD_UID", "11-22")));
    EXPECT_THAT(entry.fields, Contains(Pair("FROM", "max 100000")));
    EXPECT_THAT(entry.fields, Contains(Pair("TO", "180000 100000")));
    EXPECT_THAT(entry.fields, Contains(Pair("RELEASED", "200")));
    EXPECT_THAT(entry.fields, Contains(Pair("RULE", "watermark2/cpu-usage")));
    EXPECT_THAT(entry.fields, Contains(Pair("RULE", "other/load"))) << "a field for each";
    EXPECT_THAT(entry.fields, Contains(Pair("WRITER", "systemd")));
    EXPECT_THAT(entry.fields, Contains(Pair("PLAN_ID", "run-7")));
    EXPECT_EQ(entry.objectUnit, "kubepods-pod11_22.slice");
}

TEST(AuditOfAStep, a_failure_is_an_error_with_its_cause) {
    auto outcome = throttled();
    outcome.done = false;
    outcome.error = "writing cpu.max: Device or resource busy";
    const auto entry = describe(outcome, "run-7");
    EXPECT_EQ(entry.event, Event::stepFailed);
    EXPECT_EQ(entry.priority, LOG_ERR);
    EXPECT_THAT(entry.message, HasSubstr("could not change jobs/batch-1"));
    EXPECT_THAT(entry.message, HasSubstr("Device or resource busy"));
    EXPECT_THAT(entry.fields, Contains(Pair("ERROR", outcome.error)));
}

TEST(AuditOfAStep, a_preview_says_would) {
    auto outcome = throttled();
    outcome.done = false;
    outcome.step.disposition = Disposition::preview;
    const auto entry = describe(outcome, "run-7");
    EXPECT_EQ(entry.event, Event::podPreview);
    EXPECT_THAT(entry.message, HasSubstr("would throttle jobs/batch-1"));
}

TEST(AuditOfAStep, back_at_the_baseline_is_not_just_another_step) {
    auto outcome = throttled();
    outcome.step.kind = StepKind::restore;
    EXPECT_EQ(describe(outcome, "").event, Event::podRestoreStep);
    outcome.step.toBaseline = true;
    EXPECT_EQ(describe(outcome, "").event, Event::podRestored);
    outcome.step.kind = StepKind::undo;
    EXPECT_EQ(describe(outcome, "").event, Event::podRestored);
}

TEST(AuditOfAStep, a_leftover_is_put_back_and_not_failed) {
    auto outcome = throttled();
    outcome.step.kind = StepKind::undo;
    const auto entry = describeLeftover(outcome);
    EXPECT_EQ(entry.event, Event::leftoverUndone);
    EXPECT_THAT(entry.message, HasSubstr("put back jobs/batch-1"));
    outcome.done = false;
    EXPECT_EQ(describeLeftover(outcome).event, Event::stepFailed);
}

TEST(AuditOfAStep, a_cgroupfs_pod_has_no_unit) {
    auto outcome = throttled();
    outcome.step.pod = std::make_shared<PodCgroup>(
        PodCgroup{.cgroup = {.path = CgroupPath("/kubepods/besteffort/pod11-22")}});
    EXPECT_EQ(describe(outcome, "").objectUnit, "");
}

TEST(AuditOfARule, shows_value_against_watermark) {
    const RuleStatus rule{.key = {"watermark2", "cpu-usage"},
                          .rule = {.name = "cpu-usage",
                                   .metric = "cpu_total_utilization",
                                   .watermark = 80.5,
                                   .actionName = "throttle"},
                          .verdict = {.kind = VerdictKind::avoiding},
                          .value = 92.25};
    const auto entry = describe(Event::ruleTriggered, rule, "run-1");
    EXPECT_EQ(entry.message, "rule watermark2/cpu-usage triggered action throttle: "
                             "cpu_total_utilization 92.2, watermark 80.5");
    EXPECT_THAT(entry.fields, Contains(Pair("VALUE", "92.2")));
    EXPECT_THAT(entry.fields, Contains(Pair("WATERMARK", "80.5")));
    EXPECT_THAT(entry.fields, Contains(Pair("VERDICT", "avoiding")));
}

TEST(AuditOfARule, unknown_is_not_zero) {
    RuleStatus rule{.key = {"w", "r"}, .rule = {.metric = "cpu_total_usage"}};
    const auto entry = describe(Event::ruleUnknown, rule, "");
    EXPECT_THAT(entry.message, HasSubstr("has no value"));
    EXPECT_THAT(entry.fields, Contains(Pair("VALUE", ""))) << "an empty field is left out";
}

TEST(AuditOfARefusal, is_a_warning_for_an_error_and_a_notice_for_a_remark) {
    Refusal refusal{
        .file = "a.yaml", .line = 3, .object = "NodeQOS/w", .path = "spec", .reason = "bad"};
    EXPECT_EQ(describe(refusal).message, "refused: a.yaml:3: NodeQOS/w: spec: bad");
    EXPECT_EQ(describe(refusal).priority, LOG_WARNING);
    refusal.severity = Refusal::Severity::warning;
    EXPECT_EQ(describe(refusal).message, "noted: a.yaml:3: NodeQOS/w: spec: bad");
    EXPECT_EQ(describe(refusal).priority, LOG_NOTICE);
}

TEST(AuditEvents, stand_in_the_order_of_the_enumeration_with_ids_of_their_own) {
    std::set<std::string_view> ids;
    for (std::size_t i = 0; i < kEvents.size(); ++i) {
        EXPECT_EQ(static_cast<std::size_t>(kEvents[i].event), i) << kEvents[i].name;
        EXPECT_EQ(kEvents[i].messageId.size(), 32U);
        EXPECT_TRUE(ids.insert(kEvents[i].messageId).second) << kEvents[i].name;
    }
    EXPECT_EQ(static_cast<std::size_t>(Event::nodeRefused) + 1, kEvents.size());
}

} // namespace
} // namespace plimsoll::audit
