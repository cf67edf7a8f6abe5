// SPDX-License-Identifier: Apache-2.0
// What the failure of a try means.
#include "kube/api/job.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;

const Job::Clock::time_point kBegin{1h};

Job begunWith(std::chrono::milliseconds timeout) {
    Job job;
    job.request.timeout = timeout;
    job.begun = kBegin;
    return job;
}

TEST(Job, that_fails_tells_of_the_server) {
    EXPECT_TRUE(tellsOfTheServer(begunWith(15s), kBegin));
    EXPECT_TRUE(tellsOfTheServer(begunWith(15s), kBegin + 15100ms)) << "timed out";
    EXPECT_TRUE(tellsOfTheServer(begunWith(0s), kBegin + 5100ms)) << "a watch was not connected";
}

TEST(Job, whose_answer_had_begun_tells_nothing_when_it_breaks) {
    auto job = begunWith(0s);
    job.hasDelivered = true;
    EXPECT_FALSE(tellsOfTheServer(job, kBegin));
    job = begunWith(15s);
    job.wasStopped = true;
    EXPECT_FALSE(tellsOfTheServer(job, kBegin));
}

TEST(Job, that_watched_in_silence_for_a_while_tells_nothing_when_it_breaks) {
    EXPECT_FALSE(tellsOfTheServer(begunWith(0s), kBegin + 5min));
}

TEST(Job, asks_other_servers_within_the_time_of_its_caller) {
    EXPECT_TRUE(hasTimeLeft(begunWith(15s), kBegin + 14s));
    EXPECT_FALSE(hasTimeLeft(begunWith(15s), kBegin + 15s));
    EXPECT_TRUE(hasTimeLeft(begunWith(0s), kBegin + 1s));
    EXPECT_FALSE(hasTimeLeft(begunWith(0s), kBegin + 5s));
}

} // namespace
} // namespace plimsoll::kube
