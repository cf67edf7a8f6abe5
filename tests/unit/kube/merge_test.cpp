// SPDX-License-Identifier: Apache-2.0
// What the node's own files and the cluster come to together.
#include "decoding.hpp"

#include <algorithm>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PolicySet from(const std::string& file, const std::string& text) {
    PolicySet set;
    decodeObjects(text, file, set);
    EXPECT_THAT(told(set), IsEmpty());
    return set;
}

std::string action(const std::string& name, int coolDown) {
    return "apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\nmetadata: {name: " +
           name + "}\nspec: {coolDownSeconds: " + std::to_string(coolDown) + "}\n---\n";
}

std::string pod(const std::string& name, const std::string& uid) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", uid: u" + uid + "}\n---\n";
}

std::string nodeQos(const std::string& actionName) {
    return "apiVersion: ensurance.crane.io/v1alpha1\nkind: NodeQOS\nmetadata: {name: q}\n"
           "spec: {rules: [{name: r, metricRule: {name: cpu_total_usage, value: 1}, actionName: " +
           actionName + "}]}\n---\n";
}

TEST(Merge, takes_what_only_one_side_has) {
    const auto set = merge(from("a.yaml", action("local", 1) + pod("here", "1")),
                           from("", action("far", 2) + pod("there", "2")));
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_THAT(set.actions, SizeIs(2));
    EXPECT_EQ(set.actions[1].origin, "cluster");
    EXPECT_THAT(set.pods, SizeIs(2));
    EXPECT_THAT(set.objects, SizeIs(2));
}

TEST(Merge, the_local_one_counts_where_both_have_a_name_and_says_so) {
    const auto set = merge(from("/etc/p/a.yaml", action("slow", 1)), from("", action("slow", 2)));
    ASSERT_THAT(set.actions, SizeIs(1));
    EXPECT_EQ(set.actions[0].coolDown, std::chrono::seconds(1));
    EXPECT_THAT(told(set), ElementsAre("warning AvoidanceAction/slow: of the cluster is not used: "
                                       "/etc/p/a.yaml:1 has one of this name"));
    ASSERT_THAT(set.objects, SizeIs(2));
    EXPECT_TRUE(set.objects[0].accepted);
    EXPECT_FALSE(set.objects[1].accepted);
    EXPECT_THAT(set.objects[1].problems, SizeIs(1));
}

TEST(Merge, a_pod_is_known_by_its_name_and_by_its_uid) {
    const auto set = merge(from("a.yaml", pod("web", "1") + pod("db", "2")),
                           from("", pod("web", "9") + pod("other", "2") + pod("new", "3")));
    ASSERT_THAT(set.pods, SizeIs(3));
    EXPECT_EQ(set.pods[2].name, "new");
    EXPECT_THAT(set.refusals, SizeIs(2));
}

TEST(Merge, references_may_lead_from_one_side_to_the_other) {
    EXPECT_THAT(told(merge(from("a.yaml", nodeQos("far")), from("", action("far", 1)))), IsEmpty());
    EXPECT_THAT(merge(from("a.yaml", nodeQos("lost")), from("", action("far", 1))).refusals,
                SizeIs(1));
}

TEST(Merge, the_local_node_counts) {
    const auto local = from("a.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: mine}\n");
    const auto far = from("", "apiVersion: v1\nkind: Node\nmetadata: {name: theirs}\n");
    EXPECT_EQ(merge(local, far).node->name, "mine");
    EXPECT_THAT(merge(local, far).refusals, SizeIs(1));
    EXPECT_EQ(merge(PolicySet{}, far).node->name, "theirs");
}

} // namespace
} // namespace plimsoll::kube
