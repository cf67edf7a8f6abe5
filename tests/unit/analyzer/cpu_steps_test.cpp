// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/cpu_steps.hpp"

#include <gtest/gtest.h>
#include <string>

namespace plimsoll::analyzer {
namespace {

constexpr Microseconds kPeriod{100'000};
constexpr std::int64_t kMax = -1;

CpuMax cpuMax(std::int64_t quota, Microseconds period = kPeriod) {
    return {quota == kMax ? std::nullopt : std::optional(Microseconds{quota}), period};
}

/// Rates in cores, as the documents' table has them.
struct DownCase {
    std::int64_t quota;
    double usage;
    double request;
    double limit; ///< 0: none
    int step;
    int min;
    std::int64_t expected; ///< the quota it was: no step
    double release;
    double gap = 1000;
};

DownInput inputOf(const DownCase& row) {
    return {.usage = Millicores{row.usage * 1000},
            .current = cpuMax(row.quota),
            .firstUsage = Millicores{row.usage * 1000},
            .request = Millicores{row.request * 1000},
            .limit = row.limit > 0 ? std::optional(Millicores{row.limit * 1000}) : std::nullopt,
            .terms = {.minCpuRatio = row.min, .stepCpuRatio = row.step},
            .onlineCpus = 8,
            .gap = Millicores{row.gap * 1000}};
}

class Down : public testing::TestWithParam<DownCase> {};

TEST_P(Down, lowers_to_the_quota_of_the_table) {
    const auto& row = GetParam();
    const auto step = stepDown(inputOf(row));
    if (row.expected == row.quota) {
        EXPECT_FALSE(step);
        return;
    }
    ASSERT_TRUE(step) << step.error();
    EXPECT_EQ(step->to, cpuMax(row.expected));
    EXPECT_NEAR(step->release.value, row.release, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Documents, Down,
                         testing::Values(DownCase{kMax, 2.0, 0, 0, 10, 10, 180'000, 200},
                                         DownCase{400'000, 3.0, 0, 4, 10, 10, 360'000, 0},
                                         DownCase{44'000, 0.5, 0, 4, 10, 10, 40'000, 100},
                                         DownCase{40'000, 0.5, 0, 4, 10, 10, 40'000, 0},
                                         // Without a limit the floor is a tenth of the first usage.
                                         DownCase{kMax, 2.0, 0, 0, 100, 10, 20'000, 1800}));

INSTANTIATE_TEST_SUITE_P(
    Floors, Down,
    testing::Values(DownCase{kMax, 2.0, 1.9, 0, 10, 10, 190'000, 100},   // the request
                    DownCase{kMax, 2.0, 2.0, 0, 10, 10, kMax, 0},        // uses its request
                    DownCase{kMax, 0.0, 0, 0, 10, 10, kMax, 0},          // uses nothing
                    DownCase{20'000, 0.2, 0, 0, 100, 0, 1'000, 190},     // the kernel's 1 ms
                    DownCase{1'000, 0.01, 0, 0, 10, 0, 1'000, 0},        //
                    DownCase{50'000, 0.5, 0.4555, 0, 50, 0, 46'000, 40}, // up to a whole percent
                    DownCase{kMax, 9.0, 0, 0, 10, 10, kMax, 0},          // 8.1 of 8 cores
                    DownCase{400'000, 4.0, 0, 0, 0, 10, 400'000, 0}));   // no step size

INSTANTIATE_TEST_SUITE_P(
    Partial, Down,
    testing::Values(DownCase{kMax, 2.0, 0, 0, 10, 10, 195'000, 50, 0.05},
                    DownCase{kMax, 2.0, 0, 0, 10, 10, 194'000, 60, 0.0501}, // down to a percent
                    DownCase{100'000, 1.0, 0, 0, 50, 0, 99'000, 10, 0.0001},
                    // Uses more than its quota for a moment: still a real step.
                    DownCase{44'000, 0.5, 0, 0, 10, 10, 42'000, 80, 0.02}));

TEST(StepDown, does_not_count_twice_what_is_still_leaving) {
    auto input = inputOf({.quota = 44'000, .usage = 0.5, .step = 10, .min = 10, .gap = 1});
    input.inFlight = true;
    const auto step = stepDown(input);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->to, cpuMax(39'000));
    EXPECT_NEAR(step->release.value, 50, 1e-6);
}

TEST(StepDown, keeps_the_pods_own_period_and_the_kernels_smallest_quota_in_it) {
    auto input = inputOf({.quota = kMax, .usage = 0.5, .step = 100});
    input.current = cpuMax(kMax, Microseconds{5'000});
    const auto step = stepDown(input);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->to, cpuMax(1'000, Microseconds{5'000}));
    EXPECT_NEAR(step->release.value, 300, 1e-6);
}

struct UpCase {
    std::int64_t quota;
    std::int64_t baseline;
    int step;
    double room;           ///< in cores
    std::int64_t expected; ///< the quota it was: no step
    bool toBaseline = false;
};

class Up : public testing::TestWithParam<UpCase> {};

TEST_P(Up, raises_to_the_quota_of_the_table) {
    const auto& row = GetParam();
    const auto step = stepUp({.current = cpuMax(row.quota),
                              .baseline = cpuMax(row.baseline),
                              .stepCpuRatio = row.step,
                              .onlineCpus = 8,
                              .room = Millicores{row.room * 1000},
                              .excess = 0.10});
    if (row.expected == row.quota) {
        EXPECT_FALSE(step);
        return;
    }
    ASSERT_TRUE(step);
    EXPECT_EQ(step->to, cpuMax(row.expected));
    EXPECT_EQ(step->toBaseline, row.toBaseline);
}

INSTANTIATE_TEST_SUITE_P(Documents, Up,
                         testing::Values(UpCase{360'000, 400'000, 10, 9, 396'000},
                                         UpCase{396'000, 400'000, 10, 9, 400'000, true},
                                         UpCase{180'000, kMax, 10, 9, 198'000},
                                         UpCase{760'000, kMax, 10, 9, kMax, true},
                                         UpCase{50'000, 200'000, 10, 9, 55'000},
                                         UpCase{kMax, kMax, 10, 9, kMax}));

INSTANTIATE_TEST_SUITE_P(
    Room, Up,
    testing::Values(UpCase{180'000, kMax, 10, 0.0, 180'000}, UpCase{180'000, kMax, 10, -1, 180'000},
                    UpCase{180'000, kMax, 10, 0.0109, 180'000}, // less than a percent and its tenth
                    UpCase{180'000, kMax, 10, 0.011, 181'000},
                    UpCase{180'000, kMax, 10, 0.055, 185'000},
                    UpCase{396'000, 400'000, 10, 0.03, 399'000},
                    UpCase{399'500, 400'000, 10, 0.0056, 400'000,
                           true},                                 // half a percent is missing
                    UpCase{1'000, kMax, 10, 9, 2'000},            // never stands still
                    UpCase{900'000, kMax, 10, 0.1, kMax, true})); // above the node's size

TEST(StepUp, from_0_4_to_4_cores_at_ten_percent_needs_25_steps) {
    const auto baseline = cpuMax(400'000);
    auto current = cpuMax(40'000);
    int steps = 0;
    while (current != baseline && steps < 100) {
        const auto step = stepUp({.current = current,
                                  .baseline = baseline,
                                  .stepCpuRatio = 10,
                                  .onlineCpus = 8,
                                  .room = Millicores{8000},
                                  .excess = 0.10});
        ASSERT_TRUE(step);
        ASSERT_GT(step->to.quota, current.quota);
        current = step->to;
        ++steps;
    }
    EXPECT_EQ(steps, 25);
}

} // namespace
} // namespace plimsoll::analyzer
