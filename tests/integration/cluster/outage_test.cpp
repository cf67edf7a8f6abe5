// SPDX-License-Identifier: Apache-2.0
// The API server goes away and comes back, in the middle of it all.
#include "tests/integration/cluster/node_in_a_cluster.hpp"

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using State = ClusterStatus::State;
using testing::HasSubstr;

class Outage : public NodeInACluster {
protected:
    Outage() {
        addPod("least", 0);
        addPod("more", 1000);
        install({avoidanceAction("throttle", 30s, throttling()), nodeQos("soft", "throttle"),
                 avoidanceAction("evict", 30s, evicting()), avoidanceAction("close", 30s)});
        server.apply(podQos({"throttle", "evict"}));
    }
    void press() { load(1900, {{"least", 900}, {"more", 900}}); }
    void rest() { load(300, {{"least", 100}, {"more", 100}}); }
};

TEST_F(Outage, a_start_without_a_server_acts_on_the_mirror_on_disk_and_says_how_old_it_is) {
    join();
    const auto mirroredAt = cluster().status().mirroredAt;
    stop();
    server.stop();
    start();
    EXPECT_TRUE(journal.has(audit::Event::mirrorLoaded));
    EXPECT_EQ(engine().policy().pods.size(), 2U);
    second();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("least"); }));
    ASSERT_TRUE(secondsUntil([&] { return state() == State::unreachable; }));
    seconds(2);
    const auto& shown = engine().published().cluster;
    EXPECT_EQ(shown.state, State::unreachable);
    EXPECT_GT(shown.mirroredAt, 0);
    EXPECT_LE(shown.mirroredAt, mirroredAt + 1'000'000);
    EXPECT_THAT(shown.problem, testing::Not(testing::IsEmpty()));
}

TEST_F(Outage, in_the_middle_of_an_incident_the_node_is_protected_and_evictions_are_judged_anew) {
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("least"); }));
    server.stop();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::unreachable; }));
    EXPECT_TRUE(isThrottled("least"));
    rest();
    ASSERT_TRUE(secondsUntil([&] { return !isThrottled("least"); })) << "restored without it";
    press();
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("least"); })) << "and throttled again";
    EXPECT_TRUE(journal.has(audit::Event::clusterLost));
    server.log().clear();
    server.erase(pathOf("least")); // while nobody listened
    server.start();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::mirrored; }))
        << cluster().status().problem;
    EXPECT_TRUE(secondsUntil([&] { return engine().policy().pods.size() == 1; }));
    EXPECT_TRUE(journal.has(audit::Event::clusterReached));
    EXPECT_TRUE(secondsUntil([&] { return condition() == "True"; }));
}

TEST_F(Outage, evictions_are_shown_as_unavailable_and_none_is_made_up_for) {
    server.apply(nodeQos("hard", "evict"));
    server.erase("/apis/ensurance.crane.io/v1alpha1/nodeqoss/soft");
    join();
    server.stop();
    press();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::unreachable; }));
    ASSERT_TRUE(secondsUntil([&] { return journal.has(audit::Event::stepUnavailable, "evict"); }));
    pass(1s);
    rest();
    server.log().clear();
    seconds(80); // it has cooled down
    server.start();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::mirrored; }));
    pass(2s);
    EXPECT_EQ(evictionsAsked(), 0U) << "there is no reason any more";
    server.erase(pathOf("least"));
    ASSERT_TRUE(secondsUntil([&] { return engine().policy().pods.size() == 1; }));
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("more"); }));
    EXPECT_EQ(evictionsAsked("least"), 0U);
}

TEST_F(Outage, a_node_that_is_closed_stays_so_and_is_opened_when_the_server_is_back) {
    server.apply(nodeQos("door", "close"));
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isClosed() && isMarked(); }));
    server.stop();
    rest();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::unreachable; }));
    seconds(80); // it has cooled down
    EXPECT_TRUE(isClosed());
    server.rotate("node-a", 24h);
    server.start();
    EXPECT_TRUE(secondsUntil([&] { return !isClosed() && !isMarked(); }));
}

TEST_F(Outage, an_eviction_whose_answer_is_lost_counts_and_is_not_asked_for_twice) {
    evictionInterval = 60s;
    server.apply(nodeQos("hard", "evict"));
    server.erase("/apis/ensurance.crane.io/v1alpha1/nodeqoss/soft");
    server.fault({{"method", "POST"}, {"path", "/eviction"}, {"then", {{"cutAfterBytes", 60}}}});
    join();
    now += evictionInterval;
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("least"); }));
    const auto first = now;
    ASSERT_TRUE(secondsUntil([&] { return now > first + 40s; }));
    EXPECT_EQ(evictionsAsked(), 1U);
    EXPECT_FALSE(isLeaving("more"));
}

} // namespace
} // namespace plimsoll::test
