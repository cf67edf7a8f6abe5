// SPDX-License-Identifier: Apache-2.0
// What counts against the budget of evictions, and for how long.
#include "daemon/cluster/eviction_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;
using Answer = kube::EvictionAnswer::Kind;

const PodUid kPod{"a"};
const std::vector<Pod> kHere{{.namespaceName = "n", .name = "a", .uid = kPod}};
const std::vector<Pod> kGone;
constexpr MonotonicTime kStart{100s};

TEST(EvictionLedger, counts_from_the_question_on) {
    EvictionLedger ledger;
    ledger.ask(kPod, 30s, kStart);
    ASSERT_THAT(ledger.evicted(), SizeIs(1));
    EXPECT_EQ(ledger.evicted()[0].pod, kPod);
    EXPECT_EQ(ledger.evicted()[0].at, kStart);
}

TEST(EvictionLedger, a_pod_that_was_not_told_to_go_does_not_count) {
    for (const auto answer : {Answer::notNow, Answer::gone, Answer::forbidden, Answer::refused}) {
        EvictionLedger ledger;
        ledger.ask(kPod, 30s, kStart);
        ledger.answered(kPod, answer);
        EXPECT_THAT(ledger.evicted(), IsEmpty());
    }
}

TEST(EvictionLedger, one_that_was_told_counts_for_the_interval_and_is_known_while_it_is_here) {
    EvictionLedger ledger;
    ledger.ask(kPod, 30s, kStart);
    ledger.answered(kPod, Answer::accepted);
    ledger.forget(kGone, 60s, kStart + 59s);
    EXPECT_THAT(ledger.evicted(), SizeIs(1)) << "gone, and the budget is used all the same";
    ledger.forget(kHere, 60s, kStart + 1h);
    EXPECT_THAT(ledger.evicted(), SizeIs(1)) << "asking again would not help";
    ledger.forget(kGone, 60s, kStart + 1h);
    EXPECT_THAT(ledger.evicted(), IsEmpty());
}

TEST(EvictionLedger, without_an_answer_it_counts_and_may_be_asked_again_later) {
    EvictionLedger ledger;
    ledger.ask(kPod, 90s, kStart);
    ledger.answered(kPod, Answer::unknown);
    ledger.forget(kHere, 60s, kStart + 120s);
    EXPECT_THAT(ledger.evicted(), SizeIs(1)) << "it may still be on its way out";
    ledger.forget(kHere, 60s, kStart + 121s);
    EXPECT_THAT(ledger.evicted(), IsEmpty());
}

TEST(EvictionLedger, an_answer_is_about_the_last_question) {
    EvictionLedger ledger;
    ledger.ask(kPod, 1s, kStart);
    ledger.answered(kPod, Answer::accepted);
    ledger.ask(kPod, 1s, kStart + 2s);
    ledger.answered(kPod, Answer::gone);
    ASSERT_THAT(ledger.evicted(), SizeIs(1));
    EXPECT_EQ(ledger.evicted()[0].at, kStart);
    ledger.answered(PodUid("other"), Answer::gone);
    EXPECT_THAT(ledger.evicted(), SizeIs(1));
}

} // namespace
} // namespace plimsoll
