// SPDX-License-Identifier: Apache-2.0
// Those who ask later why something was done.
#include "fixture.hpp"

namespace plimsoll::test {
namespace {

Explanation decision(std::uint64_t tick, const std::string& pod) {
    Explanation made{.planId = "run-" + std::to_string(tick),
                     .tick = tick,
                     .realtimeMicroseconds = 1'700'000'000'000'000};
    made.signals = {{.rule = {"watermark1", "cpu-usage"},
                     .metric = "cpu_total_usage",
                     .unit = "millicores",
                     .value = 3250,
                     .watermark = 3000,
                     .verdict = "avoiding",
                     .gap = Gap{.amount = 275}}};
    ExplainedStep explained{.done = true};
    explained.step.podName = pod;
    explained.step.from = CpuMax{};
    explained.step.to = CpuMax{Microseconds(45'000)};
    explained.step.expected.cpu = {450};
    explained.step.usage.cpu = {900};
    explained.step.causes = {{"watermark1", "cpu-usage"}};
    made.steps = {explained};
    made.considered = {
        {.podName = pod, .facts = "priority 0", .note = "throttled", .touched = true},
        {.podName = "online/web-0", .note = "no PodQOS allows it"}};
    return made;
}

class Explain : public DbusTest {
protected:
    std::string explain(const std::string& what) {
        return client->call(kManagerPath, kManager, "Explain", "s", what.c_str());
    }
    static std::size_t decisionsIn(const std::string& answer) {
        std::size_t count = 0;
        for (auto at = answer.find(R"("PlanId")"); at != std::string::npos;
             at = answer.find(R"("PlanId")", at + 1))
            ++count;
        return count;
    }
    static constexpr const char* kNotFound = "error: org.plimsoll.Node1.Error.NotFound";
};

TEST_F(Explain, nothing_of_that_name_is_not_found) {
    EXPECT_EQ(explain("run-1"), kNotFound);
    EXPECT_EQ(explain("offline/batch-0"), kNotFound);
    EXPECT_EQ(explain(std::string(1'000'000, 'x')), kNotFound);
}

TEST_F(Explain, before_the_first_decision_the_latest_is_none) {
    EXPECT_EQ(explain(""), "[]");
    EXPECT_EQ(client->call(kManagerPath, kManager, "ListDecisions", "u", 0U), "[]");
}

TEST_F(Explain, a_decision_says_what_was_seen_done_considered_and_measured) {
    service.tick([](Published& state) {
        auto made = decision(7, "offline/batch-0");
        made.steps[0].effect = Effect{.lever = Lever::cpuMax,
                                      .measured = {.cpu = Millicores{12}},
                                      .before = 3250,
                                      .after = 3240,
                                      .helped = false,
                                      .verdict = "left alone for 300 s"};
        state.explanations = {made};
    });
    EXPECT_EQ(
        explain("run-7"),
        R"([{"Considered": [{"Facts": "priority 0", "Lever": "cpu.max", "Note": "throttled", )"
        R"("Pod": "offline/batch-0", "Touched": true}, {"Facts": "", "Lever": "cpu.max", )"
        R"("Note": "no PodQOS allows it", "Pod": "online/web-0", "Touched": false}], )"
        R"("ConsideredOmitted": 0, "PlanId": "run-7", "RealtimeUSec": 1700000000000000, )"
        R"("Signals": [{"Gap": 275, "GapUnit": "millicores", "Metric": "cpu_total_usage", )"
        R"("Rule": "watermark1/cpu-usage", "Series": "", "Unit": "millicores", )"
        R"("Value": 3250, "Verdict": "avoiding", "Watermark": 3000}], )"
        R"("Steps": [{"Causes": ["watermark1/cpu-usage"], "Disposition": "act", )"
        R"("Done": true, "Effect": {"After": 3240, "Before": 3250, "Helped": false, )"
        R"("MeasuredRelease": 12, "Verdict": "left alone for 300 s"}, "Error": "", )"
        R"("ExpectedRelease": 450, "From": "max 100000", "Kind": "throttle", )"
        R"("Lever": "cpu.max", "Pending": false, "Pod": "offline/batch-0", "Reason": "", )"
        R"("To": "45000 100000", "Usage": 900}], "StepsOmitted": 0, )"
        R"("Summary": "1 step for rule watermark1/cpu-usage: cpu_total_usage 3250 above )"
        R"(3000", "Tick": 7}])");
}

TEST_F(Explain, a_pod_has_all_decisions_that_touched_or_considered_it_newest_first) {
    service.tick([](Published& state) {
        state.explanations = {decision(1, "offline/batch-0"), decision(2, "offline/other"),
                              decision(3, "offline/batch-0")};
    });
    const auto touched = explain("offline/batch-0");
    EXPECT_EQ(decisionsIn(touched), 2U);
    EXPECT_LT(touched.find("run-3"), touched.find("run-1"));
    EXPECT_EQ(decisionsIn(explain("online/web-0")), 3U);
    EXPECT_EQ(decisionsIn(explain("")), 1U);
    EXPECT_THAT(explain(""), HasSubstr("run-3"));
}

TEST_F(Explain, a_full_memory_of_large_decisions_gives_bounded_answers) {
    service.tick([](Published& state) {
        auto large = decision(1, "offline/batch-0");
        large.steps.assign(Explanation::kMostSteps, large.steps[0]);
        large.stepsOmitted = 436;
        large.considered.assign(Plan::kMostConsidered, large.considered[0]);
        state.explanations.assign(kMostExplanations, large);
    });
    const auto answer = explain("offline/batch-0");
    EXPECT_EQ(decisionsIn(answer), 16U);
    EXPECT_THAT(answer, HasSubstr(R"("StepsOmitted": 436)"));
    EXPECT_LT(answer.size(), 2'000'000U);
}

TEST_F(Explain, the_list_is_newest_first_and_as_long_as_asked_for) {
    service.tick([](Published& state) {
        state.explanations = {decision(1, "a/b"), decision(2, "a/b"), decision(3, "a/b")};
    });
    EXPECT_EQ(client->call(kManagerPath, kManager, "ListDecisions", "u", 2U),
              R"([("run-3", 1700000000000000, "1 step for rule watermark1/cpu-usage: )"
              R"(cpu_total_usage 3250 above 3000", 1), ("run-2", 1700000000000000, )"
              R"("1 step for rule watermark1/cpu-usage: cpu_total_usage 3250 above 3000", 1)])");
    const auto all = client->call(kManagerPath, kManager, "ListDecisions", "u", 0U);
    EXPECT_THAT(all, HasSubstr("run-1"));
    EXPECT_EQ(client->call(kManagerPath, kManager, "ListDecisions", "u", 99U), all);
}

} // namespace
} // namespace plimsoll::test
