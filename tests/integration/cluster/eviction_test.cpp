// SPDX-License-Identifier: Apache-2.0
// Pods are told to go: the right ones, one at a time, and never those of another node.
#include "tests/integration/cluster/node_in_a_cluster.hpp"

#include <algorithm>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Evicting : public NodeInACluster {
protected:
    Evicting() {
        addPod("least", 0);
        addPod("more", 1000);
        server.addPod("node-b", "jobs", "elsewhere");
    }
    void installEviction(const std::string& strategy = "None") {
        install({avoidanceAction("evict", 30s, evicting()), nodeQos("w", "evict", strategy),
                 podQos({"evict"})});
    }
    /// One of them is enough.
    void press() { load(1700, {{"least", 800}, {"more", 800}}); }
    void protect(const std::string& app) {
        server.apply({{"kind", "PodDisruptionBudget"},
                      {"apiVersion", "policy/v1"},
                      {"metadata", {{"name", "budget"}, {"namespace", "jobs"}}},
                      {"spec", {{"selector", {{"matchLabels", {{"app", app}}}}}}},
                      {"status",
                       {{"disruptionsAllowed", 0}, {"desiredHealthy", 1}, {"currentHealthy", 1}}}});
    }
    /// The place in the log of the first request that was answered so; its length: there is none.
    std::size_t placeOf(const std::string& method, const std::string& path, int status) {
        const auto entries = server.log().entries();
        const auto found = std::ranges::find_if(entries, [&](const apiserver::Access& access) {
            return access.method == method && access.path == path && access.status == status;
        });
        return static_cast<std::size_t>(found - entries.begin());
    }
    bool wasAnswered(const std::string& path, int status) {
        return placeOf("POST", path, status) < server.log().entries().size();
    }
    static std::string evictionOf(const std::string& pod) { return pathOf(pod) + "/eviction"; }
};

TEST_F(Evicting, the_least_important_pod_goes_and_the_node_is_closed_before) {
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("least"); }));
    EXPECT_LT(placeOf("PATCH", kNode, 200), placeOf("POST", evictionOf("least"), 201));
    EXPECT_TRUE(isClosed());
    ASSERT_TRUE(turnUntil([&] { return pod("least").is_null(); }));
    removeCgroup("least");
    load(900, {{"more", 800}});
    EXPECT_TRUE(secondsUntil([&] { return eventsOf("Pod", "least", "Evicted") == 1; }));
    EXPECT_TRUE(secondsUntil([&] { return !isClosed(); }));
    EXPECT_FALSE(isLeaving("more"));
    EXPECT_EQ(evictionsAsked(), 1U);
    EXPECT_TRUE(journal.has(audit::Event::podEvicted));
}

TEST_F(Evicting, waits_until_the_node_is_closed) {
    server.fault({{"method", "PATCH"}, {"path", "node-a$"}, {"then", {{"delayMs", 1000}}}});
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return server.faults().left() == 0; }));
    EXPECT_TRUE(secondsUntil([&] {
        EXPECT_TRUE(isClosed() || !isLeaving("least"));
        return isLeaving("least");
    }));
}

TEST_F(Evicting, does_not_wait_for_a_node_that_cannot_be_closed) {
    server.fault({{"method", "PATCH"},
                  {"path", "node-a$"},
                  {"times", -1},
                  {"then", {{"status", 403}, {"body", "not you"}}}});
    installEviction();
    join();
    press();
    EXPECT_TRUE(secondsUntil([&] { return isLeaving("least"); }));
    EXPECT_FALSE(isClosed());
    EXPECT_TRUE(journal.has(audit::Event::stepFailed, "not you"));
}

TEST_F(Evicting, pods_of_another_node_are_not_even_seen) {
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("least"); }));
    EXPECT_TRUE(std::ranges::none_of(engine().policy().pods,
                                     [](const Pod& each) { return each.name == "elsewhere"; }));
    EXPECT_FALSE(isLeaving("elsewhere"));
    for (const auto& access : server.log().entries()) {
        EXPECT_THAT(access.path, testing::Not(HasSubstr("elsewhere")));
        EXPECT_THAT(access.path, testing::Not(HasSubstr("node-b")));
    }
}

TEST_F(Evicting, nobody_is_told_to_go_within_the_first_interval_after_the_start) {
    evictionInterval = 600s;
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil(
        [&] { return journal.has(audit::Event::stepUnavailable, "has just started"); }));
    EXPECT_EQ(evictionsAsked(), 0U);
}

TEST_F(Evicting, a_pod_that_its_budget_protects_is_passed_over) {
    server.erase(pathOf("least"));
    removeCgroup("least");
    addPod("least", 0, {{"app", "web"}});
    protect("web");
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("more"); }));
    EXPECT_GE(evictionsAsked("least"), 1U);
    EXPECT_FALSE(isLeaving("least"));
    EXPECT_EQ(eventsOf("Pod", "least", "Evicted"), 0U);
    EXPECT_TRUE(journal.has(audit::Event::stepFailed, "budget"));
}

/// The request is under way for so long that the pod's name is another one's meanwhile.
TEST_F(Evicting, a_new_pod_of_the_same_name_stays) {
    server.fault({{"method", "POST"}, {"path", "least/eviction"}, {"then", {{"delayMs", 1500}}}});
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return server.faults().left() == 0; }));
    server.erase(pathOf("least"));
    removeCgroup("least");
    addPod("least", 2000);
    press();
    ASSERT_TRUE(turnUntil([&] { return wasAnswered(evictionOf("least"), 409); }));
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("more"); }));
    EXPECT_FALSE(isLeaving("least"));
    EXPECT_FALSE(journal.has(audit::Event::stepFailed)) << "gone is no failure";
}

TEST_F(Evicting, a_pod_that_has_gone_meanwhile_is_no_failure_and_does_not_count) {
    server.fault({{"method", "POST"}, {"path", "least/eviction"}, {"then", {{"delayMs", 1000}}}});
    installEviction();
    join();
    press();
    ASSERT_TRUE(secondsUntil([&] { return server.faults().left() == 0; }));
    server.erase(pathOf("least"));
    removeCgroup("least");
    ASSERT_TRUE(turnUntil([&] { return wasAnswered(evictionOf("least"), 404); }));
    EXPECT_TRUE(secondsUntil([&] { return isLeaving("more"); }));
    EXPECT_FALSE(journal.has(audit::Event::stepFailed));
}

TEST_F(Evicting, the_budget_of_an_interval_is_kept) {
    evictionInterval = 120s;
    installEviction();
    join();
    now += evictionInterval;
    press();
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("least"); }));
    const auto first = now;
    ASSERT_TRUE(turnUntil([&] { return pod("least").is_null(); }));
    removeCgroup("least");
    load(1700, {{"more", 800}});
    ASSERT_TRUE(secondsUntil([&] { return isLeaving("more"); }));
    // It counts from the question; seen here is the answer, some seconds of the node later.
    EXPECT_GE(now - first, evictionInterval - 20s);
}

TEST_F(Evicting, a_preview_asks_whether_it_could_and_nobody_goes) {
    installEviction("Preview");
    join();
    press();
    ASSERT_TRUE(secondsUntil(
        [&] { return journal.has(audit::Event::podPreview, "the API server would allow it"); }));
    pass(2s);
    EXPECT_GE(evictionsAsked("least"), 1U);
    EXPECT_FALSE(isLeaving("least"));
    EXPECT_FALSE(isLeaving("more"));
    EXPECT_FALSE(isClosed());
    EXPECT_EQ(condition(), "");
}

} // namespace
} // namespace plimsoll::test
