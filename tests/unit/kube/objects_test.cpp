// SPDX-License-Identifier: Apache-2.0
// What an object is, what it is called, and what happens to its neighbours.
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kAction = "apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\n"
                            "metadata: {name: a}\nspec: {}\n";

struct Row {
    std::string text;
    std::string refusal;
};

TEST(Objects, refuses_what_it_cannot_tell) {
    const std::string kinds = "must be NodeQOS, PodQOS, AvoidanceAction, Pod, Node or List";
    for (const auto& row : std::vector<Row>{
             {"hello", "1: must be a map, not the string 'hello'"},
             {"[1, 2]", "1: must be a map, not a list"},
             {"a: 1", "1: kind: is missing: NodeQOS, PodQOS, AvoidanceAction, Pod, Node or List"},
             {"kind: Secret", "1: kind: " + kinds},
             {"kind: NodeQos", "1: kind: " + kinds + ", did you mean 'NodeQOS'?"},
             {"kind: AvoidanceActions", "1: kind: " + kinds + ", did you mean 'AvoidanceAction'?"},
             {"apiVersion: v1\nkind: NodeQOS\nmetadata: {name: nq}",
              "1: NodeQOS/nq: apiVersion: must be ensurance.crane.io/v1alpha1"},
             {"apiVersion: ensurance.crane.io/v1beta1\nkind: PodQOS\nmetadata: {name: nq}",
              "1: PodQOS/nq: apiVersion: must be ensurance.crane.io/v1alpha1"},
             {"kind: PodQOS\nmetadata: {name: nq}",
              "1: PodQOS/nq: apiVersion: is missing: ensurance.crane.io/v1alpha1"},
             {"apiVersion: apps/v1\nkind: Pod\nmetadata: {name: nq}",
              "1: Pod/nq: apiVersion: must be v1"},
             {"apiVersion: v1\nkind: Pod\nmetadata: {namespace: x}",
              "3: Pod: metadata.name: is missing: the name of the object"},
             {"apiVersion: v1\nkind: Pod",
              "1: Pod: metadata.name: is missing: the name of the object"},
             {"apiVersion: v1\nkind: Node\nmetadata:\n  name: A_b",
              "4: Node: metadata.name: must be lower-case letters, digits, '-' and '.', at most "
              "253"},
             {"apiVersion: v1\nkind: List\nitems: 5", "3: List: items: must be a list, not '5'"},
         }) {
        EXPECT_THAT(refusalsOf(row.text), ElementsAre("error a.yaml:" + row.refusal)) << row.text;
    }
}

TEST(Objects, a_bad_one_leaves_the_others_alone) {
    const PolicySet set = decode("kind: Nonsense\n---\n" + kAction + "---\n- 1\n---\n" +
                                 nodeQosWithRule("{name: r, actionName: a, metricRule: {name: m, "
                                                 "value: 1}}"));
    EXPECT_THAT(set.refusals, SizeIs(2));
    EXPECT_THAT(set.actions, SizeIs(1));
    ASSERT_THAT(set.nodeQos, SizeIs(1));
    EXPECT_EQ(set.nodeQos[0].origin, "a.yaml:10");
}

TEST(Objects, a_syntax_error_refuses_the_rest_of_the_file) {
    const PolicySet set = decode(kAction + "---\nkind: [\n---\n" + kAction);
    EXPECT_THAT(set.actions, SizeIs(1));
    ASSERT_THAT(set.refusals, SizeIs(1));
    EXPECT_GE(set.refusals[0].line, 6);
    EXPECT_EQ(set.refusals[0].severity, Refusal::Severity::error);
    EXPECT_THAT(set.refusals[0].reason, HasSubstr("; the rest of the file is not read"));
}

TEST(Objects, the_same_one_twice_is_refused_the_second_time) {
    PolicySet set;
    decodeObjects(kAction, "a.yaml", set);
    decodeObjects(kAction, "b.yaml", set);
    EXPECT_THAT(told(set), ElementsAre("error b.yaml:3: AvoidanceAction/a: metadata.name: is "
                                       "defined already at a.yaml:1"));
    EXPECT_THAT(set.actions, SizeIs(1));
}

TEST(Objects, pods_are_told_apart_by_name_and_by_uid) {
    const std::string pod = "---\napiVersion: v1\nkind: Pod\nmetadata: ";
    EXPECT_THAT(
        refusalsOf(pod + "{name: a, uid: u1}\n" + pod + "{name: a, uid: u2, namespace: b}\n" + pod +
                   "{name: a, uid: u3}\n" + pod + "{name: b, uid: u2}\n"),
        ElementsAre("error a.yaml:12: Pod/default/a: metadata.name: is defined already",
                    "error a.yaml:16: Pod/default/b: metadata.uid: belongs to pod b/a already"));
}

TEST(Objects, keys_that_stand_twice_are_refused_wherever_they_are) {
    EXPECT_THAT(refusalsOf("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  uid: u\n  labels:\n"
                           "    x.io/a: b\n    x.io/a: c\n"),
                ElementsAre("error a.yaml:8: Pod/p: metadata.labels[x.io/a]: stands twice in the "
                            "same map, first on line 7"));
    EXPECT_THAT(refusalsOf(actionWith("coolDownSeconds: 1\n  coolDownSeconds: 2")),
                ElementsAre("error a.yaml:6: AvoidanceAction/a: spec.coolDownSeconds: stands twice "
                            "in the same map, first on line 5"));
}

TEST(Objects, a_list_is_its_items) {
    const std::string list = R"(apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- apiVersion: ensurance.crane.io/v1alpha1
  kind: AvoidanceAction
  metadata: {name: a}
  spec: {coolDownSeconds: 0}
- apiVersion: v1
  kind: Pod
  metadata: {name: p, uid: u}
- apiVersion: ensurance.crane.io/v1alpha1
  kind: AvoidanceAction
  metadata:
    name: b
    creationTimestamp: null
    generation: 1
    managedFields: []
    resourceVersion: "17"
    uid: 0
  spec: {}
  status: {}
)";
    const PolicySet set = decode(list);
    EXPECT_THAT(told(set),
                ElementsAre("error a.yaml:8: AvoidanceAction/a: spec.coolDownSeconds: must be from "
                            "1 to 2147483647, not 0"));
    EXPECT_THAT(set.pods, SizeIs(1));
    ASSERT_THAT(set.actions, SizeIs(1));
    EXPECT_EQ(set.actions[0].origin, "a.yaml:12");
}

TEST(Objects, json_is_yaml) {
    EXPECT_THAT(decode(R"({"apiVersion": "ensurance.crane.io/v1alpha1", "kind": "AvoidanceAction",
                           "metadata": {"name": "a"}, "spec": {"coolDownSeconds": 60}})")
                    .actions,
                SizeIs(1));
}

TEST(Objects, unknown_fields_of_the_envelope_are_told) {
    EXPECT_THAT(
        refusalsOf("apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\n"
                   "metadata: {name: a, label: {x: y}}\nspec: {}\nspecs: {}\n"),
        ElementsAre("warning a.yaml:5: AvoidanceAction/a: specs: unknown field 'specs', did "
                    "you mean 'spec'?",
                    "warning a.yaml:3: AvoidanceAction/a: metadata.label: unknown field "
                    "'label', did you mean 'labels'?"));
}

TEST(Objects, what_is_said_of_one_object_is_bounded) {
    std::string line = "{";
    for (int i = 0; i < 500; ++i) {
        line += "unknown" + std::to_string(i) + ": 1, ";
    }
    const PolicySet set = decode(actionWith(line + "coolDownSeconds: 0}"));
    EXPECT_THAT(set.refusals, SizeIs(51));
    EXPECT_THAT(set.refusals.back().reason, HasSubstr("and more"));
    EXPECT_EQ(set.refusals.back().severity, Refusal::Severity::error)
        << "the refusing one is there";
    EXPECT_THAT(set.actions, IsEmpty());
}

TEST(Objects, bounds_their_number_and_the_size_of_a_text) {
    PolicySet set;
    for (std::size_t i = 0; i < kMaxObjects; ++i) {
        set.actions.push_back({.name = "x" + std::to_string(i)});
    }
    decodeObjects(kAction, "a.yaml", set);
    EXPECT_THAT(told(set), ElementsAre("error a.yaml:1: AvoidanceAction/a: more than 1000 objects; "
                                       "this one is left out"));
    EXPECT_THAT(refusalsOf(std::string(kMaxFileBytes + 1, '#')),
                ElementsAre("error a.yaml: is larger than 4 MiB"));
}

TEST(Objects, control_characters_do_not_reach_the_operators_terminal) {
    EXPECT_THAT(refusalsOf(actionWith("\"\\e[31m\": 1")).at(0), HasSubstr("unknown field '?[31m'"));
}

} // namespace
} // namespace plimsoll::kube
