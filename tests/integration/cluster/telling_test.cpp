// SPDX-License-Identifier: Apache-2.0
// What the cluster says is done on the node, and what is done is told to the cluster.
#include "tests/integration/cluster/node_in_a_cluster.hpp"

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using State = ClusterStatus::State;
using testing::IsEmpty;

class Telling : public NodeInACluster {
protected:
    Telling() { addPod("batch"); }
    std::vector<Json> throttle() {
        return {avoidanceAction("throttle", 3s, throttling()), nodeQos("w", "throttle"),
                podQos({"throttle"})};
    }
};

TEST_F(Telling, a_policy_of_the_cluster_throttles_a_pod_and_the_cluster_hears_of_it) {
    install(throttle());
    join();
    EXPECT_EQ(engine().published().nodeName, "node-a") << "as the certificate has it";
    ASSERT_EQ(engine().policy().pods.size(), 1U);
    ASSERT_TRUE(engine().policy().node.has_value());
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("batch"); }));
    EXPECT_TRUE(secondsUntil([&] { return eventsOf("Pod", "batch", "Throttled") == 1; }));
    EXPECT_TRUE(
        secondsUntil([&] { return eventsOf("Node", "node-a", "AvoidanceTriggered") == 1; }));
    EXPECT_TRUE(secondsUntil([&] { return condition() == "True"; }));
    load(600, {{"batch", 500}});
    ASSERT_TRUE(secondsUntil([&] { return !isThrottled("batch"); }));
    EXPECT_TRUE(secondsUntil([&] { return eventsOf("Pod", "batch", "ThrottleReleased") == 1; }));
    EXPECT_TRUE(secondsUntil([&] { return eventsOf("Node", "node-a", "RestoreTriggered") == 1; }));
    EXPECT_TRUE(secondsUntil([&] { return condition() == "False"; }));
    EXPECT_EQ(node().at("status").at("conditions").size(), 2U) << "the kubelet's stay";
}

TEST_F(Telling, a_policy_that_is_changed_in_the_cluster_counts_at_once) {
    install(throttle());
    join();
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("batch"); }));
    auto higher = nodeQos("w", "throttle");
    higher["spec"]["rules"][0]["metricRule"]["value"] = 1900;
    server.apply(higher);
    EXPECT_TRUE(secondsUntil([&] { return !isThrottled("batch"); }));
}

TEST_F(Telling, nothing_is_asked_at_rest) {
    install(throttle());
    join();
    seconds(10);
    server.log().clear();
    pass(5s);
    EXPECT_EQ(state(), State::mirrored);
    for (const auto& access : server.log().entries()) {
        ADD_FAILURE() << access.method << " " << access.path;
    }
}

TEST_F(Telling, nothing_is_asked_while_a_node_stays_throttled_and_closed) {
    install(throttle());
    server.apply(avoidanceAction("close", 30s));
    server.apply(nodeQos("door", "close"));
    join();
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] {
        return isThrottled("batch") && isClosed() && condition() == "True" &&
               eventsOf("Pod", "batch", "Throttled") == 1 &&
               eventsOf("Node", "node-a", "AvoidanceTriggered") == 2;
    }));
    seconds(60); // down to the floor
    server.log().clear();
    pass(4s);
    for (const auto& access : server.log().entries()) {
        ADD_FAILURE() << access.method << " " << access.path;
    }
}

TEST_F(Telling, rights_that_come_later_are_found) {
    server.installDefinitions();
    for (const auto& each : throttle()) {
        server.apply(each);
    }
    start();
    ASSERT_TRUE(turnUntil([&] { return state() == State::incomplete; }));
    ASSERT_TRUE(turnUntil([&] {
        return cluster().status().problem.find("403") != std::string::npos;
    })) << cluster().status().problem;
    EXPECT_EQ(engine().policy().nodeQos.size(), 0U);
    server.installNodeRole();
    ASSERT_TRUE(secondsUntil([&] { return state() == State::mirrored; }))
        << cluster().status().problem;
    EXPECT_THAT(cluster().status().problem, IsEmpty());
    load(1800, {{"batch", 1500}});
    EXPECT_TRUE(secondsUntil([&] { return isThrottled("batch"); }));
}

TEST_F(Telling, definitions_that_come_later_are_found) {
    server.installNodeRole();
    start();
    ASSERT_TRUE(turnUntil([&] {
        return cluster().status().problem.find("not installed") != std::string::npos;
    })) << cluster().status().problem;
    EXPECT_EQ(state(), State::incomplete);
    install(throttle());
    // Somebody has to install them first: that is looked for every 30 to 60 s.
    ASSERT_TRUE(secondsUntil([&] { return state() == State::mirrored; }, 180s))
        << cluster().status().problem;
    load(1800, {{"batch", 1500}});
    EXPECT_TRUE(secondsUntil([&] { return isThrottled("batch"); }));
}

TEST_F(Telling, an_expired_certificate_that_is_rotated_is_taken_without_a_restart) {
    install(throttle());
    server.rotate("node-a", 6s);
    const auto expiry = std::chrono::steady_clock::now() + 7s;
    join();
    ASSERT_TRUE(secondsUntil([&] { return std::chrono::steady_clock::now() > expiry; }));
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] { return isThrottled("batch"); })) << "with or without a server";
    server.rotate("node-a", 24h);
    EXPECT_TRUE(secondsUntil([&] { return condition() == "True"; }));
    EXPECT_TRUE(secondsUntil([&] { return state() == State::mirrored; }))
        << cluster().status().problem;
}

TEST_F(Telling, a_rotation_in_the_middle_of_an_incident_loses_nothing) {
    install(throttle());
    join();
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] { return condition() == "True"; }));
    server.rotate("node-a", 24h);
    server.cutWatches();
    load(600, {{"batch", 500}});
    EXPECT_TRUE(secondsUntil([&] { return condition() == "False" && !isThrottled("batch"); }));
    EXPECT_TRUE(secondsUntil([&] { return state() == State::mirrored; }))
        << cluster().status().problem;
    for (const auto& access : server.log().entries()) {
        EXPECT_NE(access.status, 401) << access.path;
    }
}

} // namespace
} // namespace plimsoll::test
