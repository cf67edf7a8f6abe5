// SPDX-License-Identifier: Apache-2.0
#include "kube/api/request_pace.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;

const RequestPace::Time kStart{1h};

TEST(RequestPace, allows_a_burst_and_then_ten_a_second) {
    RequestPace pace(10, 20);
    for (int count = 0; count < 20; ++count) {
        EXPECT_TRUE(pace.take(kStart)) << count;
    }
    EXPECT_FALSE(pace.take(kStart));
    EXPECT_EQ(pace.next(), kStart + 100ms);
    EXPECT_FALSE(pace.take(kStart + 99ms));
    EXPECT_TRUE(pace.take(kStart + 100ms));
    EXPECT_FALSE(pace.take(kStart + 199ms));
    EXPECT_TRUE(pace.take(kStart + 200ms));
}

TEST(RequestPace, does_not_save_up_more_than_a_burst) {
    RequestPace pace(10, 20);
    ASSERT_TRUE(pace.take(kStart));
    int taken = 0;
    while (pace.take(kStart + 24h)) {
        ++taken;
    }
    EXPECT_EQ(taken, 20);
}

TEST(RequestPace, is_not_exceeded_by_who_asks_all_the_time) {
    RequestPace pace(10, 20);
    int taken = 0;
    for (auto now = kStart; now < kStart + 60s; now += 1ms) {
        taken += pace.take(now) ? 1 : 0;
    }
    EXPECT_EQ(taken, 20 + 599);
}

} // namespace
} // namespace plimsoll::kube
