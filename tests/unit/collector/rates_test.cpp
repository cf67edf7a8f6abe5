// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/rates.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;

MonotonicTime at(std::chrono::nanoseconds time) {
    return MonotonicTime(1h + time);
}

struct Sample {
    std::chrono::nanoseconds time;
    std::uint64_t value;
    Reading<double> expected;
};
struct Series {
    const char* name;
    std::vector<Sample> samples;
};
void PrintTo(const Series& series, std::ostream* out) {
    *out << series.name;
}

class CounterRateOf : public testing::TestWithParam<Series> {};

TEST_P(CounterRateOf, follows_the_table) {
    CounterRate rate;
    int row = 0;
    for (const Sample& sample : GetParam().samples) {
        const Reading<double> got = rate.update(sample.value, at(sample.time));
        ASSERT_EQ(got.has_value(), sample.expected.has_value()) << "row " << row;
        if (got) {
            EXPECT_DOUBLE_EQ(*got, *sample.expected) << "row " << row;
        } else {
            EXPECT_EQ(got.error(), sample.expected.error()) << "row " << row;
        }
        ++row;
    }
}

const Reading<double> kNotYet = std::unexpected(Unknown::notYet);
const Reading<double> kReset = std::unexpected(Unknown::reset);
const Reading<double> kStale = std::unexpected(Unknown::stale);
constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Rates, CounterRateOf,
    testing::Values(
        Series{"the first sample has none, zero growth is zero",
               {{0s, 500, kNotYet}, {1s, 500, 0.0}, {2s, 700, 200.0}}},
        Series{"a reset costs one sample",
               {{0s, 500, kNotYet}, {1s, 900, 400.0}, {2s, 100, kReset}, {3s, 150, 50.0}}},
        Series{"a missed tick is divided by the time that really passed",
               {{0s, 0, kNotYet}, {1s, 1000, 1000.0}, {5s, 3000, 500.0}}},
        Series{"a late tick too", {{0s, 0, kNotYet}, {1500ms, 1500, 1000.0}}},
        Series{"no time passed: stale, and the sample before it stands",
               {{0s, 0, kNotYet}, {1s, 100, 100.0}, {1s, 200, kStale}, {2s, 300, 200.0}}},
        Series{"time went backwards", {{2s, 0, kNotYet}, {1s, 100, kStale}, {4s, 300, 150.0}}},
        Series{"the second sample at the time of the first",
               {{0s, 5, kNotYet}, {0s, 6, kStale}, {1s, 7, 2.0}}},
        Series{"the largest counter", {{0s, 0, kNotYet}, {1s, kMax, static_cast<double>(kMax)}}}));

cgroup::NodeCpuTimes times(std::uint64_t busy, std::uint64_t idle, std::uint64_t iowait = 0,
                           std::uint64_t steal = 0, unsigned cpus = 2) {
    return {busy, idle, iowait, steal, cpus};
}

TEST(NodeCpuRates, need_two_samples) {
    NodeCpuRate rate;
    const NodeCpuRates first = rate.update(times(100, 100), at(0s));
    for (const auto& reading : {first.utilization, first.iowait, first.steal}) {
        EXPECT_EQ(reading.error(), Unknown::notYet);
    }
    EXPECT_EQ(first.usage.error(), Unknown::notYet);
}

TEST(NodeCpuRates, count_neither_iowait_nor_steal_as_busy_and_show_both) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000, 0, 0, 4), at(0s));
    const NodeCpuRates rates = rate.update(times(1100, 1200, 60, 40, 4), at(1s));
    EXPECT_DOUBLE_EQ(rates.utilization->value, 25);
    EXPECT_DOUBLE_EQ(rates.usage->value, 1000);
    EXPECT_DOUBLE_EQ(rates.iowait->value, 15);
    EXPECT_DOUBLE_EQ(rates.steal->value, 10);
}

TEST(NodeCpuRates, stay_within_0_and_100_when_idle_and_iowait_go_backwards) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000, 50), at(0s));
    const NodeCpuRates rates = rate.update(times(1200, 990, 40), at(1s));
    EXPECT_DOUBLE_EQ(rates.utilization->value, 100);
    EXPECT_DOUBLE_EQ(rates.usage->value, 2000);
    EXPECT_DOUBLE_EQ(rates.iowait->value, 0);
}

TEST(NodeCpuRates, take_the_cpus_that_are_online_now) {
    NodeCpuRate rate;
    rate.update(times(0, 0, 0, 0, 4), at(0s));
    EXPECT_DOUBLE_EQ(rate.update(times(100, 100, 0, 0, 2), at(1s)).usage->value, 1000);
}

TEST(NodeCpuRates, are_reset_when_busy_time_goes_backwards) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000), at(0s));
    EXPECT_EQ(rate.update(times(10, 2000), at(1s)).usage.error(), Unknown::reset);
    EXPECT_DOUBLE_EQ(rate.update(times(110, 2100), at(2s)).utilization->value, 50);
}

TEST(NodeCpuRates, are_stale_within_one_tick_of_the_kernel_and_never_divide_by_zero) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000), at(0s));
    EXPECT_EQ(rate.update(times(1000, 1000), at(1ms)).usage.error(), Unknown::stale);
    EXPECT_EQ(rate.update(times(1001, 1000), at(0s)).usage.error(), Unknown::stale);
    EXPECT_DOUBLE_EQ(rate.update(times(1050, 1150), at(1s)).utilization->value, 25);
}

} // namespace
} // namespace plimsoll::collector
