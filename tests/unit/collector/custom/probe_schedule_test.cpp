// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_schedule.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kNow{1000s};
constexpr Microseconds kInterval = 10s;

TEST(ProbeSchedule, one_that_fails_waits_two_then_four_intervals_and_never_longer) {
    ProbeSchedule schedule("a", kInterval, kNow);
    const auto first = schedule.due();
    schedule.ran(false, first);
    EXPECT_EQ(schedule.due(), first + 20s);
    schedule.ran(false, first + 20s);
    EXPECT_EQ(schedule.due(), first + 60s);
    schedule.ran(false, first + 60s);
    EXPECT_EQ(schedule.due(), first + 100s);
    schedule.ran(true, first + 100s);
    EXPECT_EQ(schedule.due(), first + 110s);
}

TEST(ProbeSchedule, what_was_missed_is_left_out) {
    ProbeSchedule schedule("a", kInterval, kNow);
    const auto first = schedule.due();
    schedule.ran(true, first + 35s);
    EXPECT_EQ(schedule.due(), first + 40s);
    schedule.ran(true, first + 50s); // on the dot of the next one
    EXPECT_EQ(schedule.due(), first + 60s);
}

TEST(ProbeSchedule, the_period_does_not_drift) {
    ProbeSchedule schedule("a", kInterval, kNow);
    const auto first = schedule.due();
    for (int i = 0; i < 100; ++i) {
        schedule.ran(true, schedule.due() + 300ms);
    }
    EXPECT_EQ(schedule.due(), first + 1000s);
}

TEST(ProbeSchedule, many_are_spread_over_the_first_interval_and_each_has_its_place) {
    std::set<MonotonicTime> seconds;
    for (int i = 0; i < 100; ++i) {
        const auto key = "PodQOS/jvm (shop/cart-" + std::to_string(i) + ")";
        const ProbeSchedule schedule(key, kInterval, kNow);
        EXPECT_EQ(schedule.due(), ProbeSchedule(key, kInterval, kNow).due());
        EXPECT_GE(schedule.due(), kNow);
        EXPECT_LT(schedule.due(), kNow + kInterval);
        seconds.insert(std::chrono::floor<std::chrono::seconds>(schedule.due()));
    }
    EXPECT_EQ(seconds.size(), 10U); // some in every second
}

TEST(ProbeSchedule, a_shorter_interval_holds_at_once_and_the_same_one_changes_nothing) {
    ProbeSchedule schedule("a", 10min, kNow);
    const auto first = schedule.due();
    schedule.changeInterval(10min, kNow + 5s);
    EXPECT_EQ(schedule.due(), first);
    schedule.changeInterval(1s, kNow + 5s);
    EXPECT_LT(schedule.due(), kNow + 6s);
}

} // namespace
} // namespace plimsoll::collector
