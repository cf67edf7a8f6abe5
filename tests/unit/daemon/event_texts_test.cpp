// SPDX-License-Identifier: Apache-2.0
// What becomes a Kubernetes Event: only where something begins or ends.
#include "daemon/cluster/event_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

Outcome done(StepKind kind, Lever lever, bool toBaseline = false) {
    Outcome outcome;
    outcome.done = true;
    outcome.step.kind = kind;
    outcome.step.lever = lever;
    outcome.step.podName = "jobs/batch";
    outcome.step.pod = std::make_shared<PodCgroup>(PodCgroup{.uid = PodUid("u-1")});
    outcome.step.from = *parseLimit(lever == Lever::memoryHigh ? lever : Lever::cpuMax,
                                    lever == Lever::memoryHigh ? "max" : "max 100000");
    outcome.step.to = outcome.step.from;
    outcome.step.toBaseline = toBaseline;
    outcome.step.causes = {{"q", "cpu"}};
    return outcome;
}

std::string reasonOf(const Outcome& outcome, ThrottledPods& throttled) {
    const auto note = noteOf(outcome, throttled);
    return note ? note->reason : "";
}

RuleStatus ruleIn(VerdictKind kind, Strategy strategy = Strategy::none) {
    return {.key = {"q", "cpu"},
            .rule = {.name = "cpu",
                     .metric = "cpu_total_usage",
                     .watermark = 6000,
                     .actionName = "slow",
                     .strategy = strategy},
            .unit = "millicores",
            .verdict = {kind},
            .value = 6513.25};
}

TEST(EventTexts, the_first_step_down_and_the_last_one_up) {
    ThrottledPods pods;
    EXPECT_EQ(reasonOf(done(StepKind::throttle, Lever::cpuMax), pods), "Throttled");
    EXPECT_EQ(reasonOf(done(StepKind::throttle, Lever::cpuMax), pods), "");
    EXPECT_EQ(reasonOf(done(StepKind::restore, Lever::cpuMax), pods), "");
    EXPECT_EQ(reasonOf(done(StepKind::restore, Lever::cpuMax, true), pods), "ThrottleReleased");
    EXPECT_EQ(reasonOf(done(StepKind::undo, Lever::cpuMax, true), pods), "");
}

TEST(EventTexts, a_pod_held_by_two_levers_is_released_by_the_last) {
    ThrottledPods pods;
    EXPECT_EQ(reasonOf(done(StepKind::throttle, Lever::cpuMax), pods), "Throttled");
    EXPECT_EQ(reasonOf(done(StepKind::throttle, Lever::memoryHigh), pods), "");
    EXPECT_EQ(reasonOf(done(StepKind::yield, Lever::cpuMax), pods), "");
    EXPECT_EQ(reasonOf(done(StepKind::undo, Lever::memoryHigh, true), pods), "ThrottleReleased");
}

TEST(EventTexts, what_was_not_done_is_no_event) {
    ThrottledPods pods;
    auto outcome = done(StepKind::throttle, Lever::cpuMax);
    outcome.done = false;
    EXPECT_EQ(reasonOf(outcome, pods), "");
    outcome = done(StepKind::throttle, Lever::cpuMax);
    outcome.step.disposition = Disposition::preview;
    EXPECT_EQ(reasonOf(outcome, pods), "");
    outcome = done(StepKind::evict, Lever::eviction);
    outcome.pending = true;
    EXPECT_EQ(reasonOf(outcome, pods), "");
    outcome = done(StepKind::throttle, Lever::cpuMax);
    outcome.step.podName = "/kubepods/pod1"; // no Pod object
    EXPECT_EQ(reasonOf(outcome, pods), "");
    EXPECT_TRUE(pods.empty());
}

TEST(EventTexts, an_eviction_names_the_pod_and_the_rules) {
    ThrottledPods pods;
    const auto note = noteOf(done(StepKind::evict, Lever::eviction), pods);
    ASSERT_TRUE(note);
    EXPECT_TRUE(note->warning);
    EXPECT_EQ(note->reason, "Evicted");
    EXPECT_EQ(note->namespaceName, "jobs");
    EXPECT_EQ(note->podName, "batch");
    EXPECT_EQ(note->podUid, "u-1");
    EXPECT_EQ(note->message, "Evicted by Plimsoll with a grace of 30 s (q/cpu)");
}

TEST(EventTexts, a_rule_says_value_against_watermark) {
    const auto note = triggeredNote(ruleIn(VerdictKind::avoiding));
    EXPECT_EQ(note.reason, "AvoidanceTriggered");
    EXPECT_EQ(note.podName, "");
    EXPECT_EQ(note.message, "q/cpu triggered action slow: cpu_total_usage is 6513.25 millicores, "
                            "watermark 6000 millicores");
    auto unknown = ruleIn(VerdictKind::idle);
    unknown.value.reset();
    EXPECT_EQ(restoredNote(unknown).message,
              "q/cpu: everything that action slow did is undone; cpu_total_usage is unknown");
}

TEST(EventTexts, interference_is_what_rules_act_on_and_previews_do_not_count) {
    EXPECT_FALSE(interferenceOf({}).identified);
    const std::vector<RuleStatus> rules{ruleIn(VerdictKind::avoiding, Strategy::preview),
                                        ruleIn(VerdictKind::rising)};
    EXPECT_FALSE(interferenceOf(rules).identified);
    for (const auto kind :
         {VerdictKind::avoiding, VerdictKind::recovering, VerdictKind::coolingDown}) {
        const auto said = interferenceOf(std::vector{ruleIn(kind)});
        EXPECT_TRUE(said.identified);
        EXPECT_EQ(said.message, "Plimsoll acts on this node for q/cpu");
    }
}

} // namespace
} // namespace plimsoll
