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
using testing::Key;
using testing::Not;
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
                    .from = CpuMax{std::nullopt, Microseconds{100'000}},
                    .to = CpuMax{Microseconds{180'000}, Microseconds{100'000}},
                    .expected = {.cpu = Millicores{200}, .memory = Bytes{1 << 20}},
                    .usage = {.cpu = Millicores{2000}, .memory = Bytes{2 << 20}},
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
    EXPECT_THAT(entry.fields, Contains(Pair("KNOB", "cpu.max")));
    EXPECT_THAT(entry.fields, Contains(Pair("RELEASED", "200")));
    EXPECT_THAT(entry.fields, Not(Contains(Key("RELEASED_MEMORY")))) << "cpu.max frees none";
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
    EXPECT_THAT(entry.message, HasSubstr("could not throttle jobs/batch-1"));
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

TEST(AuditOfAStep, memory_high_is_told_in_bytes) {
    auto outcome = throttled();
    outcome.step.lever = Lever::memoryHigh;
    outcome.step.from = MemoryHigh{};
    outcome.step.to = MemoryHigh{Bytes{52'428'800}};
    const auto entry = describe(outcome, "run-7");
    EXPECT_EQ(entry.event, Event::podThrottled);
    EXPECT_EQ(entry.message, "throttled jobs/batch-1: memory.high 'max' → '52428800' (too busy)");
    EXPECT_THAT(entry.fields, Contains(Pair("KNOB", "memory.high")));
    EXPECT_THAT(entry.fields, Contains(Pair("TO", "52428800")));
    EXPECT_THAT(entry.fields, Contains(Pair("RELEASED_MEMORY", "1048576")));
    EXPECT_THAT(entry.fields, Contains(Pair("USAGE_MEMORY", "2097152")));
    EXPECT_THAT(entry.fields, Not(Contains(Key("RELEASED"))));
}

/// A step with a lever that holds nothing.
Outcome once(StepKind kind, Lever lever, Disposition disposition) {
    auto outcome = throttled();
    outcome.done = disposition == Disposition::act;
    outcome.step.kind = kind;
    outcome.step.lever = lever;
    outcome.step.disposition = disposition;
    outcome.step.amount = Bytes{52'428'800};
    return outcome;
}

TEST(AuditOfAStep, a_reclaim_has_an_amount_and_no_from_and_to) {
    const auto entry =
        describe(once(StepKind::reclaim, Lever::memoryReclaim, Disposition::act), "run-7");
    EXPECT_EQ(entry.event, Event::podReclaimed);
    EXPECT_EQ(entry.message, "took memory from jobs/batch-1: 52428800 bytes (too busy)");
    EXPECT_THAT(entry.fields, Contains(Pair("AMOUNT", "52428800")));
    EXPECT_THAT(entry.fields, Not(Contains(Key("FROM"))));
    EXPECT_THAT(entry.fields, Not(Contains(Key("TO"))));
}

TEST(AuditOfAStep, what_nothing_can_do_is_unavailable_and_no_failure) {
    const auto entry =
        describe(once(StepKind::evict, Lever::eviction, Disposition::unavailable), "run-7");
    EXPECT_EQ(entry.event, Event::stepUnavailable);
    EXPECT_EQ(entry.message, "cannot evict jobs/batch-1, with 30 s to end by itself (too busy)");
    EXPECT_THAT(entry.fields, Contains(Pair("STEP", "evict")));
    EXPECT_THAT(entry.fields, Contains(Pair("KNOB", "eviction")));
    EXPECT_THAT(entry.fields, Contains(Pair("GRACE", "30")));
    EXPECT_THAT(entry.fields, Contains(Pair("REASON", "too busy")));
    EXPECT_THAT(entry.fields, Contains(Key("RELEASED"))) << "it frees both";
    EXPECT_THAT(entry.fields, Contains(Key("RELEASED_MEMORY")));
}

TEST(AuditOfAStep, a_preview_of_every_kind_says_what_it_would_do) {
    const auto message = [](StepKind kind, Lever lever) {
        const auto entry = describe(once(kind, lever, Disposition::preview), "");
        EXPECT_EQ(entry.event, Event::podPreview);
        return entry.message;
    };
    EXPECT_THAT(message(StepKind::reclaim, Lever::memoryReclaim),
                HasSubstr("would take memory from jobs/batch-1: 52428800 bytes"));
    EXPECT_THAT(message(StepKind::evict, Lever::eviction), HasSubstr("would evict jobs/batch-1"));
    EXPECT_EQ(message(StepKind::closeNode, Lever::scheduling),
              "would close the node for new pods (too busy)");
    EXPECT_THAT(message(StepKind::throttle, Lever::cpuMax), HasSubstr("would throttle jobs/b"));
}

TEST(AuditOfAStep, eviction_and_a_closed_node_have_kinds_of_their_own) {
    EXPECT_EQ(describe(once(StepKind::evict, Lever::eviction, Disposition::act), "").event,
              Event::podEvicted);
    EXPECT_EQ(describe(once(StepKind::closeNode, Lever::scheduling, Disposition::act), "").event,
              Event::nodeClosed);
    const auto opened = describe(once(StepKind::openNode, Lever::scheduling, Disposition::act), "");
    EXPECT_EQ(opened.event, Event::nodeOpened);
    EXPECT_EQ(opened.message, "opened the node for new pods (too busy)");
    EXPECT_THAT(opened.fields, Contains(Pair("STEP", "enable-scheduling")));
}

TEST(AuditOfAnEffect, that_an_evicted_pod_is_still_there_is_a_kind_of_its_own) {
    const Effect effect{.podName = "jobs/batch-1",
                        .lever = Lever::eviction,
                        .rule = {"w", "cpu"},
                        .helped = false,
                        .stayed = true,
                        .verdict = "did not go within 60 s"};
    const auto entry = describe(effect, "run-7");
    EXPECT_EQ(entry.event, Event::podNotGone);
    EXPECT_EQ(entry.priority, LOG_WARNING);
    EXPECT_EQ(entry.message,
              "jobs/batch-1 was evicted and is still there (did not go within 60 s)");
    EXPECT_THAT(entry.fields, Contains(Pair("POD", "batch-1")));
    EXPECT_THAT(entry.fields, Contains(Pair("HELPED", "no")));
}

TEST(AuditOfTheCluster, says_which_server_and_how_old_what_is_acted_on_is) {
    EXPECT_EQ(describeClusterReached("https://10.0.0.1:6443").message,
              "the API server https://10.0.0.1:6443 answers");
    const auto lost = describeClusterLost("https://10.0.0.1:6443", "connection refused");
    EXPECT_EQ(lost.priority, LOG_WARNING);
    EXPECT_THAT(lost.message, HasSubstr("does not answer: connection refused"));
    EXPECT_THAT(lost.fields, Contains(Pair("REASON", "connection refused")));
    const auto loaded = describe(LoadedMirror{.file = "/var/lib/plimsoll/mirror.json",
                                              .policies = 3,
                                              .pods = 40,
                                              .age = std::chrono::seconds(90)});
    EXPECT_EQ(loaded.event, Event::mirrorLoaded);
    EXPECT_THAT(loaded.message, HasSubstr("3 policy objects and 40 pods as they were 90 s ago"));
    EXPECT_THAT(loaded.fields, Contains(Pair("AGE", "90")));
}

TEST(AuditOfAnEffect, that_did_not_help_is_a_notice_with_expected_and_measured) {
    Effect effect{.planTick = 7,
                  .podName = "jobs/batch-1",
                  .lever = Lever::cpuMax,
                  .rule = {"w", "cpu"},
                  .expected = {.cpu = Millicores{200}},
                  .measured = {.cpu = Millicores{12}},
                  .before = 6840,
                  .after = 6830,
                  .helped = false,
                  .verdict = "left alone for 300 s"};
    auto entry = describe(effect, "run-7");
    EXPECT_EQ(entry.event, Event::effectMeasured);
    EXPECT_EQ(entry.priority, LOG_NOTICE);
    EXPECT_EQ(entry.message, "cpu.max of jobs/batch-1 did not help: 12 of 200 millicores came back "
                             "(left alone for 300 s)");
    EXPECT_THAT(entry.fields, Contains(Pair("RELEASED", "200")));
    EXPECT_THAT(entry.fields, Contains(Pair("MEASURED", "12")));
    EXPECT_THAT(entry.fields, Contains(Pair("VALUE_BEFORE", "6840")));
    EXPECT_THAT(entry.fields, Contains(Pair("VALUE", "6830")));
    EXPECT_THAT(entry.fields, Contains(Pair("PLAN_ID", "run-7")));
    effect.helped = true;
    effect.lever = Lever::memoryHigh;
    entry = describe(effect, "run-7");
    EXPECT_EQ(entry.priority, LOG_INFO);
    EXPECT_THAT(entry.fields, Contains(Key("MEASURED_MEMORY")));
    EXPECT_THAT(entry.fields, Not(Contains(Key("MEASURED"))));
}

TEST(AuditOfADecision, sums_up_and_names_the_candidates) {
    Explanation made{
        .planId = "run-7",
        .signals =
            {{.rule = {"a", "b"}, .metric = "cpu_total_usage", .value = 6840, .watermark = 6000}},
        .steps = {{.step = throttled().step}},
        .considered = {{.podName = "jobs/x", .facts = "priority 0", .note = "throttled"},
                       {.podName = "jobs/y", .note = "no PodQOS allows it"}},
        .consideredOmitted = 3};
    made.steps[0].step.causes = {{"a", "b"}};
    const auto entry = describe(made);
    EXPECT_EQ(entry.event, Event::decision);
    EXPECT_EQ(entry.message, "1 step for rule a/b: cpu_total_usage 6840 above 6000");
    EXPECT_THAT(entry.fields, Contains(Pair("CANDIDATES", "jobs/x, cpu.max: priority 0: throttled\n"
                                                          "jobs/y, cpu.max: no PodQOS allows it\n"
                                                          "and 3 more")));
    EXPECT_THAT(entry.fields, Contains(Pair("STEPS", "1")));
    EXPECT_THAT(entry.fields, Contains(Pair("PLAN_ID", "run-7")));
}

TEST(AuditOfADecision, candidates_stay_within_a_few_kibibytes) {
    Explanation made;
    made.considered.assign(64, {.podName = std::string(300, 'p'), .note = std::string(300, 'n')});
    const auto entry = describe(made);
    const auto field =
        std::ranges::find(entry.fields, "CANDIDATES", &std::pair<std::string, std::string>::first);
    ASSERT_NE(field, entry.fields.end());
    EXPECT_LE(field->second.size(), 4200U);
    EXPECT_TRUE(field->second.ends_with("\nand 58 more")) << field->second.substr(3600);
}

TEST(AuditOfAPreview, says_how_often_acting_would_have_been_right) {
    const RuleStatus rule{.key = {"w", "cpu"},
                          .rule = {.metric = "cpu_total_usage", .strategy = Strategy::preview},
                          .preview = {.episodes = 5,
                                      .onItsOwn = 3,
                                      .wouldHelp = 2,
                                      .lastSeconds = 42.5,
                                      .lastExpected = {.cpu = Millicores{300}}}};
    const auto entry = describePreview(rule, "run-7");
    EXPECT_EQ(entry.event, Event::previewScored);
    EXPECT_EQ(entry.message,
              "preview of rule w/cpu: above its watermark for 42.5 s; of 5 times acting would "
              "have helped 2 and been for nothing 3");
    EXPECT_THAT(entry.fields, Contains(Pair("STRATEGY", "Preview")));
    EXPECT_THAT(entry.fields, Contains(Pair("EPISODES", "5")));
    EXPECT_THAT(entry.fields, Contains(Pair("RELEASED", "300")));
}

TEST(AuditOfASource, names_the_source_and_why) {
    const SourceProblem problem{.source = "NodeQOS/web", .reason = "connection refused"};
    EXPECT_EQ(describeFailed(problem).message, "NodeQOS/web does not deliver: connection refused");
    EXPECT_EQ(describeFailed(problem).priority, LOG_WARNING);
    EXPECT_THAT(describeFailed(problem).fields, Contains(Pair("SOURCE", "NodeQOS/web")));
    EXPECT_EQ(describeRecovered(problem).event, Event::sourceRecovered);
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

TEST(AuditOfARule, gap_and_series_come_with_what_they_are) {
    const RuleStatus rule{.key = {"w", "disk"},
                          .rule = {.metric = "memory_total_usage", .watermark = 90},
                          .unit = "bytes",
                          .value = 95,
                          .series = "sda",
                          .gap = Gap{.unit = ReleaseUnit::bytes, .amount = 1024}};
    const auto entry = describe(Event::ruleTriggered, rule, "");
    EXPECT_THAT(entry.message, HasSubstr("memory_total_usage of sda 95, watermark 90"));
    EXPECT_THAT(entry.fields, Contains(Pair("SERIES", "sda")));
    EXPECT_THAT(entry.fields, Contains(Pair("UNIT", "bytes")));
    EXPECT_THAT(entry.fields, Contains(Pair("GAP", "1024")));
    EXPECT_THAT(entry.fields, Contains(Pair("GAP_UNIT", "bytes")));
}

TEST(AuditOfARule, unknown_is_not_zero) {
    RuleStatus rule{.key = {"w", "r"},
                    .rule = {.metric = "cpu_total_usage"},
                    .trouble = "its source does not deliver"};
    const auto entry = describe(Event::ruleUnknown, rule, "");
    EXPECT_THAT(entry.message, HasSubstr("its source does not deliver"));
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
    EXPECT_EQ(static_cast<std::size_t>(Event::mirrorLoaded) + 1, kEvents.size());
}

} // namespace
} // namespace plimsoll::audit
