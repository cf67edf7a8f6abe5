// SPDX-License-Identifier: Apache-2.0
// What the operator is told of each policy, beside the refusals of the whole set.
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ObjectStatus, of_a_refused_object_says_why) {
    const std::string bad = "metadata: {name: A_b}\nspec: {}\n";
    EXPECT_THAT(decode("apiVersion: ensurance.crane.io/v1alpha1\nkind: NodeQOS\n" + bad).objects,
                ElementsAre(ObjectStatus{
                    .kind = "NodeQOS",
                    .origin = "a.yaml:1",
                    .problems = {"metadata.name: must be lower-case letters, digits, '-' and '.', "
                                 "at most 253"}}));
    EXPECT_THAT(
        decode("apiVersion: v1\nkind: PodQOS\nmetadata: {name: p}\n").objects,
        ElementsAre(ObjectStatus{.kind = "PodQOS",
                                 .name = "p",
                                 .origin = "a.yaml:1",
                                 .problems = {"apiVersion: must be ensurance.crane.io/v1alpha1"}}));
    EXPECT_THAT(decode(nodeQosWith("memLimit: {}\n  netLimits: 5")).objects,
                ElementsAre(ObjectStatus{.kind = "NodeQOS",
                                         .name = "nq",
                                         .origin = "a.yaml:1",
                                         .notActedOn = {"spec.memLimit", "spec.netLimits"},
                                         .problems = {"spec.netLimits: must be a map, not '5'"}}));
}

TEST(ObjectStatus, tells_two_of_one_name_apart) {
    const std::string action = actionWith("eviction: {}");
    const PolicySet set = decode(action + "---\n" + action);
    ASSERT_THAT(set.objects, SizeIs(2));
    EXPECT_TRUE(set.objects[0].accepted);
    EXPECT_THAT(set.objects[0].problems, IsEmpty());
    EXPECT_FALSE(set.objects[1].accepted);
    EXPECT_EQ(set.objects[1].origin, "a.yaml:7");
    EXPECT_THAT(set.objects[1].problems,
                ElementsAre("metadata.name: is defined already at a.yaml:1"));
}

TEST(ObjectStatus, of_an_accepted_object_lists_what_is_not_acted_on_and_the_warnings) {
    const PolicySet set = decode(podQosWith("scopeSelector: {}\n  resourceQOS: {}\n  colour: red"));
    EXPECT_THAT(set.podQos, SizeIs(1));
    EXPECT_THAT(set.objects, ElementsAre(ObjectStatus{
                                 .kind = "PodQOS",
                                 .name = "p",
                                 .origin = "a.yaml:1",
                                 .accepted = true,
                                 .notActedOn = {"spec.resourceQOS"},
                                 .problems = {"spec.colour: unknown field 'colour' is ignored"}}));
}

TEST(ObjectStatus, has_the_references_that_lead_nowhere) {
    PolicySet set = decode(nodeQosWith("# none") + "---\n" + podQosWith("scopeSelector: {}"));
    checkReferences(set);
    ASSERT_THAT(set.objects, SizeIs(2));
    EXPECT_TRUE(set.objects[0].accepted);
    EXPECT_THAT(set.objects[0].problems,
                ElementsAre("spec.rules[0].actionName: there is no AvoidanceAction 'a'"));
    EXPECT_THAT(set.objects[1].problems,
                ElementsAre("spec.allowedActions[0]: there is no AvoidanceAction 'a'"));
}

TEST(ObjectStatus, is_of_policies_only) {
    EXPECT_THAT(decode("apiVersion: v1\nkind: Pod\nmetadata: {name: a, uid: u}\n---\n"
                       "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n---\nkind: Foo\n")
                    .objects,
                IsEmpty());
}

TEST(ObjectStatus, of_an_object_without_a_file_comes_from_the_cluster) {
    PolicySet set;
    decodeObjects(nodeQosWith("# none"), "", set);
    checkReferences(set);
    EXPECT_EQ(set.nodeQos.at(0).origin, "cluster");
    EXPECT_EQ(set.objects.at(0).origin, "cluster");
    EXPECT_EQ(set.refusals.at(0).text(), "NodeQOS/nq: spec.rules[0].actionName: there is no "
                                         "AvoidanceAction 'a'");
}

} // namespace
} // namespace plimsoll::kube
