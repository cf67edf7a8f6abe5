// SPDX-License-Identifier: Apache-2.0
// The node is closed for new pods and opened again, and what others did with it stands.
#include "tests/integration/cluster/node_in_a_cluster.hpp"

#include <algorithm>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using Closure = NodeClosure::State;

constexpr auto kCoolDown = 30s;

class NodeDoor : public NodeInACluster {
protected:
    NodeDoor() {
        addPod("batch");
        install({avoidanceAction("close", kCoolDown), nodeQos("door", "close"), podQos({"close"})});
    }
    void closeIt() {
        load(1800, {{"batch", 1500}});
        ASSERT_TRUE(secondsUntil([&] { return isClosed() && isMarked(); }));
        ASSERT_TRUE(secondsUntil([&] { return cluster().status().scheduling == Closure::ours; }));
    }
    /// Of the Node itself, that were carried out.
    std::ptrdiff_t patches() {
        const auto entries = server.log().entries();
        return std::ranges::count_if(entries, [](const apiserver::Access& access) {
            return access.method == "PATCH" && access.path == kNode && access.status == 200;
        });
    }
};

TEST_F(NodeDoor, is_closed_with_our_mark_and_opened_after_the_cool_down) {
    join();
    closeIt();
    load(600, {{"batch", 500}});
    const auto quiet = now;
    ASSERT_TRUE(secondsUntil([&] { return !isClosed(); }));
    EXPECT_GE(now - quiet, kCoolDown);
    EXPECT_FALSE(isMarked());
    EXPECT_TRUE(secondsUntil([&] { return cluster().status().scheduling == Closure::open; }));
    EXPECT_EQ(patches(), 2);
    EXPECT_TRUE(journal.has(audit::Event::nodeClosed));
    EXPECT_TRUE(journal.has(audit::Event::nodeOpened));
}

TEST_F(NodeDoor, is_opened_when_its_policy_goes_from_the_cluster) {
    join();
    closeIt();
    ASSERT_TRUE(server.erase("/apis/ensurance.crane.io/v1alpha1/nodeqoss/door"));
    EXPECT_TRUE(secondsUntil([&] { return !isClosed() && !isMarked(); }));
}

TEST_F(NodeDoor, that_others_have_closed_is_left_alone) {
    setCordon(true);
    join();
    load(1800, {{"batch", 1500}});
    ASSERT_TRUE(secondsUntil([&] { return condition() == "True"; }));
    pass(1s);
    load(600, {{"batch", 500}});
    ASSERT_TRUE(secondsUntil([&] { return condition() == "False"; }));
    pass(1s);
    EXPECT_TRUE(isClosed());
    EXPECT_FALSE(isMarked());
    EXPECT_EQ(cluster().status().scheduling, Closure::foreigns);
    EXPECT_EQ(patches(), 0);
}

TEST_F(NodeDoor, that_somebody_opens_stays_open_for_the_rest_of_the_episode) {
    join();
    closeIt();
    setCordon(false);
    ASSERT_TRUE(secondsUntil([&] { return !isMarked(); })) << "a later cordon is not ours";
    pass(1s);
    EXPECT_FALSE(isClosed());
    load(600, {{"batch", 500}});
    ASSERT_TRUE(secondsUntil([&] { return condition() == "False"; }));
    closeIt();
}

TEST_F(NodeDoor, stays_closed_over_a_restart_and_is_opened_after_the_cool_down) {
    join();
    closeIt();
    ASSERT_TRUE(secondsUntil([&] { return condition() == "True"; }));
    pass(500ms); // the mirror on disk has all of it
    stop();
    EXPECT_TRUE(isClosed());
    load(600, {{"batch", 500}});
    const auto quiet = now;
    join();
    EXPECT_TRUE(isClosed());
    ASSERT_TRUE(secondsUntil([&] { return !isClosed(); }));
    EXPECT_GE(now - quiet, kCoolDown);
    EXPECT_FALSE(isMarked());
    EXPECT_TRUE(secondsUntil([&] { return condition() == "False"; }));
}

TEST_F(NodeDoor, of_a_rule_that_went_while_nobody_ran_is_opened) {
    join();
    closeIt();
    stop();
    ASSERT_TRUE(server.erase("/apis/ensurance.crane.io/v1alpha1/nodeqoss/door"));
    join();
    EXPECT_TRUE(secondsUntil([&] { return !isClosed() && !isMarked(); }));
}

} // namespace
} // namespace plimsoll::test
