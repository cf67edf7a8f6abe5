// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/rule_machine.hpp"

#include <gtest/gtest.h>
#include <string>

namespace plimsoll::analyzer {
namespace {

using std::chrono::seconds;

struct Trace {
    std::string acts; ///< T acts, R may restore, - neither
    std::string verdicts;
};

/// Input: 1 above, 0 not above, ? no value; ten seconds apart from t = 0. Something is held from
/// the first action on, unless `holds` is false.
Trace run(const std::string& input, const RuleTiming& timing, bool holds = true) {
    Trace trace;
    RuleMachine machine;
    MonotonicTime now{};
    bool acted = false;
    for (const char each : input) {
        const auto hit = each == '?' ? std::nullopt : std::optional(each == '1');
        const auto output = advance(machine, hit, now, timing, holds && acted);
        acted = acted || output.acts;
        trace.acts += output.acts ? 'T' : output.mayRestore ? 'R' : '-';
        trace.verdicts += (trace.verdicts.empty() ? "" : ", ") + output.verdict.text();
        now += seconds(10);
    }
    return trace;
}

struct Case {
    unsigned avoidance;
    unsigned restore;
    const char* input;
    const char* expected;
};

class Counting : public testing::TestWithParam<Case> {};

TEST_P(Counting, acts_and_restores) {
    const auto& row = GetParam();
    EXPECT_EQ(run(row.input, {row.avoidance, row.restore, seconds(0)}).acts, row.expected)
        << row.input;
}

INSTANTIATE_TEST_SUITE_P(
    Thresholds, Counting,
    testing::Values(Case{2, 2, "11100010100", "-TT-RRT-T-R"}, Case{1, 1, "1010", "TRTR"},
                    Case{2, 2, "1100000000", "-T-RRRRRRR"}, Case{2, 2, "0000", "----"},
                    Case{2, 2, "101010", "------"}, Case{3, 1, "110111", "-----T"},
                    Case{1, 3, "1001001000", "T--T--T--R"}, Case{0, 0, "10", "TR"}));

TEST(RuleMachine, waits_for_consecutive_hits) {
    EXPECT_EQ(run("10110", {2, 2, seconds(0)}).verdicts,
              "rising 1/2, idle, rising 1/2, avoiding, recovering 1/2");
}

TEST(RuleMachine, restores_on_the_first_tick_after_the_cool_down_of_60_seconds) {
    // Hits at 0, 10 and 20: 80 is not later than 20 + 60, 90 is.
    const auto trace = run("111000000000", {2, 2, seconds(60)});
    EXPECT_EQ(trace.acts, "-TT------RRR");
    EXPECT_EQ(trace.verdicts, "rising 1/2, avoiding, avoiding, recovering 1/2, cooling-down, "
                              "cooling-down, cooling-down, cooling-down, cooling-down, "
                              "cooling-down, cooling-down, cooling-down");
}

TEST(RuleMachine, is_idle_at_once_after_the_cool_down_when_nothing_is_held) {
    EXPECT_EQ(run("1000", {1, 1, seconds(10)}, false).verdicts,
              "avoiding, cooling-down, idle, idle");
}

TEST(RuleMachine, a_hit_goes_back_to_avoiding_from_recovering_and_from_cooling_down) {
    EXPECT_EQ(run("11010001", {2, 2, seconds(60)}).verdicts,
              "rising 1/2, avoiding, recovering 1/2, avoiding, recovering 1/2, cooling-down, "
              "cooling-down, avoiding");
}

TEST(RuleMachine, an_unknown_value_freezes_and_goes_on_where_it_was) {
    EXPECT_EQ(run("1?1?0?0", {2, 2, seconds(0)}).verdicts,
              "rising 1/2, unknown, avoiding, unknown, recovering 1/2, unknown, cooling-down");
}

TEST(RuleMachine, an_unknown_value_neither_acts_nor_restores_nor_moves_the_last_hit) {
    EXPECT_EQ(run("1??0??0", {1, 1, seconds(30)}).acts, "T-----R");
}

} // namespace
} // namespace plimsoll::analyzer
