// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/memory_steps.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace plimsoll::analyzer {
namespace {

constexpr double kMiB = 1024.0 * 1024;
constexpr Bytes kEndless{std::numeric_limits<double>::infinity()};

Bytes mib(double value) {
    return {value * kMiB};
}

MemoryHigh high(double value) {
    return {mib(value)};
}

MemoryInput using200() {
    return {.workingSet = mib(200),
            .current = mib(260),
            .firstUsage = mib(200),
            .terms = {.minMemoryRatio = 10, .stepMemoryRatio = 10},
            .gap = mib(1000)};
}

struct DownCase {
    const char* why;
    MemoryInput input;
    MemoryHigh to;
    Bytes release;
};

class MemoryDownSteps : public testing::TestWithParam<DownCase> {};

TEST_P(MemoryDownSteps, go_down_from_usage) {
    const auto& row = GetParam();
    const auto step = stepDown(row.input);
    ASSERT_TRUE(step) << row.why << ": " << step.error();
    EXPECT_EQ(step->to, row.to) << row.why;
    EXPECT_EQ(step->release, row.release) << row.why;
}

MemoryInput with(MemoryInput input, auto change) {
    change(input);
    return input;
}

INSTANTIATE_TEST_SUITE_P(
    Table, MemoryDownSteps,
    testing::Values(
        DownCase{"unlimited: a tenth off the usage", using200(), high(180), mib(20)},
        DownCase{"limited: a tenth off the limit",
                 with(using200(), [](auto& in) { in.high = high(180); }), high(162), mib(38)},
        DownCase{"what is in flight is not counted again",
                 with(using200(),
                      [](auto& in) {
                          in.high = high(180);
                          in.inFlight = true;
                      }),
                 high(162), mib(18)},
        DownCase{"a limit far above the usage is no start",
                 with(using200(), [](auto& in) { in.high = high(4000); }), high(180), mib(20)},
        DownCase{"the last step is only as big as needed",
                 with(using200(), [](auto& in) { in.gap = mib(5); }), high(195), mib(5)},
        DownCase{"never below the request",
                 with(using200(), [](auto& in) { in.request = mib(190); }), high(190), mib(10)},
        DownCase{"never below the share of the limit",
                 with(using200(), [](auto& in) { in.limit = mib(1900); }), high(190), mib(10)},
        DownCase{"a whole step where the effect is not known",
                 with(using200(), [](auto& in) { in.gap = kEndless; }), high(180), mib(20)}));

TEST(MemoryDown, is_refused_at_the_floor_and_below) {
    auto input = using200();
    input.request = mib(200);
    EXPECT_EQ(stepDown(input).error(), "uses no more than its floor");
    input.high = high(200);
    EXPECT_EQ(stepDown(input).error(), "is at its floor already");
    input = using200();
    input.workingSet = input.firstUsage = mib(10);
    EXPECT_FALSE(stepDown(input)) << "16 MiB stay";
}

TEST(MemoryDown, is_in_whole_pages_of_every_architecture) {
    auto input = using200();
    input.workingSet = Bytes{209'715'201};
    const auto step = stepDown(input);
    ASSERT_TRUE(step);
    EXPECT_EQ(std::fmod(step->to.bytes->value, kMemoryQuantum.value), 0);
}

TEST(Reclaim, asks_for_the_gap_and_at_most_a_quarter) {
    auto input = using200();
    EXPECT_EQ(*reclaimable(input), mib(65)) << "of 260 MiB with the page cache";
    input.gap = mib(5);
    EXPECT_EQ(*reclaimable(input), mib(5));
    input.gap = kEndless;
    EXPECT_EQ(*reclaimable(input), mib(65));
    input.request = mib(250);
    EXPECT_EQ(*reclaimable(input), mib(10)) << "never below the floor";
    input.request = mib(260);
    EXPECT_EQ(reclaimable(input).error(), "has no more than its floor");
    input = using200();
    input.gap = Bytes{100};
    EXPECT_EQ(reclaimable(input).error(), "nothing is left to reclaim for the gap");
}

MemoryUpInput held100() {
    return {.high = high(100),
            .workingSet = mib(98),
            .stepMemoryRatio = 20,
            .room = mib(1000),
            .nodeTotal = mib(4000)};
}

TEST(MemoryUp, goes_a_step_up_within_the_room) {
    auto input = held100();
    EXPECT_EQ(stepUp(input)->to, high(120));
    EXPECT_EQ(stepUp(input)->credit, mib(20));
    input.room = mib(10);
    EXPECT_EQ(stepUp(input)->to, high(110));
    for (const double nearlyNone : {0.5, 0.0, -5.0}) {
        input.room = mib(nearlyNone);
        EXPECT_EQ(stepUp(input), std::nullopt) << nearlyNone;
    }
}

TEST(MemoryUp, ends_when_the_pod_leaves_its_limit_unused) {
    auto input = held100();
    input.workingSet = mib(76);
    EXPECT_FALSE(stepUp(input)->toBaseline);
    input.workingSet = mib(75);
    EXPECT_TRUE(stepUp(input)->toBaseline);
    EXPECT_EQ(stepUp(input)->to, MemoryHigh{});
    input.room = mib(0.5);
    EXPECT_EQ(stepUp(input), std::nullopt) << "not before there is room";
}

TEST(MemoryUp, small_limits_grow_by_at_least_16_mib) {
    auto input = held100();
    input.high = high(20);
    input.workingSet = mib(20);
    EXPECT_EQ(stepUp(input)->to, high(36));
}

TEST(MemoryUp, ends_at_the_baseline_verbatim) {
    auto input = held100();
    input.baseline = MemoryHigh{Bytes{115'000'000}};
    const auto step = stepUp(input);
    ASSERT_TRUE(step && step->toBaseline);
    EXPECT_EQ(step->to, input.baseline);
    input.baseline = {};
    input.high = high(3900);
    EXPECT_EQ(stepUp(input)->to, MemoryHigh{});
    input.room = kEndless;
    input.high = high(100);
    EXPECT_EQ(stepUp(input)->to, high(120)) << "no line draws a room";
    input.high = MemoryHigh{};
    EXPECT_EQ(stepUp(input), std::nullopt) << "is not limited";
}

} // namespace
} // namespace plimsoll::analyzer
