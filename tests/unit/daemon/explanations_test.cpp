// SPDX-License-Identifier: Apache-2.0
#include "daemon/explanations.hpp"
#include "tests/unit/support/allocations.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Step step(StepKind kind, Lever lever, const std::string& pod,
          Disposition disposition = Disposition::act) {
    return {.kind = kind,
            .lever = lever,
            .podName = pod,
            .causes = {{"w", "cpu"}},
            .reason = "too busy",
            .disposition = disposition};
}

Step throttle(const std::string& pod, Disposition disposition = Disposition::act) {
    return step(StepKind::throttle, Lever::cpuMax, pod, disposition);
}

class Deciding : public testing::Test {
protected:
    RuleStatus rule{.key = {"w", "cpu"},
                    .rule = {.name = "cpu", .metric = "cpu_total_usage", .watermark = 6000},
                    .unit = "millicores",
                    .verdict = {.kind = VerdictKind::avoiding},
                    .value = 6840,
                    .gap = Gap{.amount = 924}};

    /// A tick with these steps and these outcomes.
    const Explanation* decide(std::vector<Step> steps, std::vector<Outcome> outcomes = {}) {
        ++plan.tick;
        plan.steps = std::move(steps);
        for (auto& one : plan.steps) {
            one.planTick = plan.tick;
        }
        const auto planId = "run-" + std::to_string(plan.tick);
        return explanations.record({.planId = planId,
                                    .realtimeMicroseconds = 1'700'000'000'000'000,
                                    .rules = {&rule, 1},
                                    .plan = plan,
                                    .outcomes = outcomes});
    }
    /// As the next plan will have it.
    [[nodiscard]] Step next(Step what) const {
        what.planTick = plan.tick + 1;
        return what;
    }
    /// A tick in which the step is carried out.
    const Explanation* carryOut(const Step& what) {
        return decide({what}, {{.step = next(what), .done = true}});
    }

    std::deque<Explanation> kept;
    Explanations explanations{kept};
    Plan plan;
};

TEST_F(Deciding, a_tick_without_steps_is_no_decision) {
    EXPECT_EQ(decide({}), nullptr);
    EXPECT_THAT(kept, IsEmpty());
}

TEST_F(Deciding, the_same_preview_every_second_is_recorded_once) {
    ASSERT_NE(carryOut(throttle("jobs/a")), nullptr);
    for (int i = 0; i < 1000; ++i) {
        decide({throttle("jobs/b", Disposition::preview)});
    }
    EXPECT_THAT(kept, SizeIs(2)) << "what was done is still there";
    EXPECT_EQ(kept[1].tick, 2U);
}

TEST_F(Deciding, a_preview_that_comes_and_goes_with_the_value_is_recorded_once) {
    for (int i = 0; i < 10; ++i) {
        decide({throttle("jobs/b", Disposition::preview)});
        decide({}); // recovering: below the watermark for a moment
        decide(
            {throttle("jobs/b", Disposition::preview), throttle("jobs/c", Disposition::preview)});
    }
    EXPECT_THAT(kept, SizeIs(2)) << "once for each pod";
}

TEST_F(Deciding, the_same_preview_is_news_when_the_rule_acts_again) {
    decide({throttle("jobs/b", Disposition::preview)});
    rule.verdict.kind = VerdictKind::idle;
    decide({});
    rule.verdict.kind = VerdictKind::avoiding;
    EXPECT_NE(decide({throttle("jobs/b", Disposition::preview)}), nullptr);
}

TEST_F(Deciding, a_step_that_fails_every_second_is_recorded_once) {
    for (int i = 0; i < 10; ++i) {
        const auto what = next(throttle("jobs/a"));
        decide({what}, {{.step = what, .error = "Device or resource busy"}});
    }
    ASSERT_THAT(kept, SizeIs(1));
    EXPECT_FALSE(kept[0].steps[0].done);
    EXPECT_EQ(kept[0].steps[0].error, "Device or resource busy");
}

TEST_F(Deciding, unavailable_and_preview_of_one_pod_are_two_things) {
    decide({step(StepKind::evict, Lever::eviction, "jobs/a", Disposition::preview)});
    EXPECT_NE(decide({step(StepKind::evict, Lever::eviction, "jobs/a", Disposition::unavailable)}),
              nullptr);
}

TEST_F(Deciding, every_step_that_is_carried_out_is_recorded_with_what_the_rule_saw) {
    plan.considered = {{.podName = "jobs/a", .note = "cpu.max", .touched = true}};
    ASSERT_NE(carryOut(throttle("jobs/a")), nullptr);
    ASSERT_NE(carryOut(throttle("jobs/a")), nullptr);
    ASSERT_THAT(kept, SizeIs(2));
    EXPECT_EQ(kept[1].planId, "run-2");
    EXPECT_EQ(kept[1].realtimeMicroseconds, 1'700'000'000'000'000);
    ASSERT_THAT(kept[1].signals, SizeIs(1));
    EXPECT_EQ(kept[1].signals[0].verdict, "avoiding");
    EXPECT_EQ(kept[1].signals[0].value, 6840);
    EXPECT_TRUE(kept[1].steps[0].done);
    EXPECT_EQ(kept[1].considered[0].podName, "jobs/a");
    EXPECT_EQ(summary(kept[1]), "1 step for rule w/cpu: cpu_total_usage 6840 above 6000");
}

TEST_F(Deciding, a_rule_that_is_idle_gives_no_signal) {
    rule.verdict.kind = VerdictKind::idle;
    const auto* made = carryOut(step(StepKind::undo, Lever::cpuMax, "jobs/a"));
    ASSERT_NE(made, nullptr);
    EXPECT_THAT(made->signals, IsEmpty());
    EXPECT_EQ(summary(*made), "1 step: too busy");
}

TEST_F(Deciding, of_many_steps_the_first_64_are_kept_and_the_others_counted) {
    std::vector<Step> steps;
    std::vector<Outcome> outcomes;
    for (int i = 0; i < 70; ++i) {
        steps.push_back(throttle("jobs/" + std::to_string(i)));
        outcomes.push_back({.step = next(steps.back()), .done = true});
    }
    for (int i = 70; i < 100; ++i) {
        steps.push_back(throttle("jobs/" + std::to_string(i), Disposition::preview));
    }
    const auto* made = decide(steps, outcomes);
    ASSERT_NE(made, nullptr);
    EXPECT_THAT(made->steps, SizeIs(64));
    EXPECT_EQ(made->stepsOmitted, 36U);
    EXPECT_EQ(summary(*made),
              "100 steps for rule w/cpu: cpu_total_usage 6840 above 6000; 30 only shown");
    ASSERT_THAT(explanations.firsts(), SizeIs(100));
    EXPECT_FALSE(explanations.firsts()[69]) << "it was taken";
    EXPECT_TRUE(explanations.firsts()[70]) << "told all the same";
}

TEST_F(Deciding, thousands_of_previews_are_told_from_one_another_in_no_time) {
    std::vector<Step> steps;
    for (int i = 0; i < 4096; ++i) {
        steps.push_back(throttle("jobs/" + std::to_string(i), Disposition::preview));
    }
    const auto begin = std::chrono::steady_clock::now();
    for (int tick = 0; tick < 100; ++tick) {
        decide(steps);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_THAT(kept, SizeIs(1));
}

TEST_F(Deciding, the_oldest_goes_first) {
    plan.consideredOmitted = 7;
    for (std::size_t i = 0; i < kMostExplanations + 3; ++i) {
        carryOut(throttle("jobs/a"));
    }
    ASSERT_THAT(kept, SizeIs(kMostExplanations));
    EXPECT_EQ(kept.front().tick, 4U);
    EXPECT_EQ(kept.back().consideredOmitted, 7U);
}

TEST_F(Deciding, a_pending_step_gets_its_outcome_with_a_later_tick) {
    const auto what = next(step(StepKind::reclaim, Lever::memoryReclaim, "jobs/a"));
    decide({what}, {{.step = what, .pending = true}});
    ASSERT_TRUE(kept[0].steps[0].pending);
    auto other = what;
    other.lever = Lever::memoryHigh;
    decide({}, {{.step = other, .done = true}});
    EXPECT_TRUE(kept[0].steps[0].pending) << "that was another lever";
    decide({}, {{.step = next(what), .done = true}});
    EXPECT_TRUE(kept[0].steps[0].pending) << "and that another plan";
    decide({}, {{.step = what, .done = true}});
    EXPECT_FALSE(kept[0].steps[0].pending);
    EXPECT_TRUE(kept[0].steps[0].done);
}

TEST_F(Deciding, an_effect_goes_to_the_step_of_its_plan_pod_and_lever) {
    const auto high = step(StepKind::throttle, Lever::memoryHigh, "jobs/a");
    const auto cpu = throttle("jobs/a");
    carryOut(cpu);
    decide({cpu, high}, {{.step = next(cpu), .done = true}, {.step = next(high), .done = true}});
    carryOut(cpu);
    explanations.attach({.planTick = 2, .podName = "jobs/a", .lever = Lever::memoryHigh});
    explanations.attach({.planTick = 9, .podName = "jobs/a", .lever = Lever::cpuMax});
    EXPECT_FALSE(kept[0].steps[0].effect.has_value());
    EXPECT_FALSE(kept[1].steps[0].effect.has_value());
    EXPECT_TRUE(kept[1].steps[1].effect.has_value());
    EXPECT_FALSE(kept[2].steps[0].effect.has_value());
}

TEST_F(Deciding, a_steady_preview_allocates_nothing) {
    decide({throttle("jobs/b", Disposition::preview)});
    const Decided again{.planId = "run-2", .rules = {&rule, 1}, .plan = plan, .outcomes = {}};
    const auto before = test::allocations();
    EXPECT_EQ(explanations.record(again), nullptr);
    EXPECT_EQ(test::allocations() - before, 0U);
}

TEST(Summary, names_the_series_and_what_was_not_taken) {
    Explanation made;
    made.signals = {{.rule = {"a", "b"}, .metric = "x", .value = 1, .watermark = 2},
                    {.rule = {"w", "disk"},
                     .metric = "disk_utilization",
                     .series = "sda",
                     .value = 95.5,
                     .watermark = 90}};
    made.steps = {{.step = throttle("jobs/a")}, {.step = throttle("jobs/b", Disposition::preview)}};
    made.steps[0].step.causes = {{"w", "disk"}};
    EXPECT_EQ(summary(made),
              "2 steps for rule w/disk: disk_utilization of sda 95.5 above 90; 1 only shown");
}

} // namespace
} // namespace plimsoll
