// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Row {
    std::string text;
    std::string reason;
};

TEST(LabelSelector, refuses_what_the_api_server_would) {
    const std::string unquoted = "must be a string, and unquoted ";
    for (const auto& row : std::vector<Row>{
             {"matchLabels: {a: true}",
              "matchLabels.a: " + unquoted + "'true' is a boolean; write it in quotes"},
             {"matchLabels: {a: 1}",
              "matchLabels.a: " + unquoted + "'1' is a whole number; write it in quotes"},
             {"matchLabels: [a]", "matchLabels: must be a map, not a list"},
             {"matchLabels: {a b: x}", "matchLabels[a b]: is not the name of a label"},
             {"matchLabels: {x.io/a: a b}", "matchLabels[x.io/a]: no label can have this value: "
                                            "letters, digits, '-', '_' and '.', at most 63"},
             {"matchExpressions: {}", "matchExpressions: must be a list, not a map"},
             {"matchExpressions: [{operator: In, values: [x]}]",
              "matchExpressions[0].key: is missing: the name of the label"},
             {"matchExpressions: [{key: a, values: [x]}]",
              "matchExpressions[0].operator: is missing: In, NotIn, Exists or DoesNotExist"},
             {"matchExpressions: [{key: a, operator: Foo}]",
              "matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist"},
             {"matchExpressions: [{key: a, operator: in, values: [x]}]",
              "matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist"},
             {"matchExpressions: [{key: a, operator: In}]",
              "matchExpressions[0].values: is missing: In and NotIn need at least one value"},
             {"matchExpressions: [{key: a, operator: NotIn, values: []}]",
              "matchExpressions[0].values: is missing: In and NotIn need at least one value"},
             {"matchExpressions: [{key: a, operator: Exists, values: [x]}]",
              "matchExpressions[0].values: must be left out: Exists and DoesNotExist take no "
              "values"},
             {"matchExpressions: [{key: a, operator: In, values: [null]}]",
              "matchExpressions[0].values[0]: must be a string, not nothing"},
             {"matchExpressions: [{key: a, operator: In, values: x}]",
              "matchExpressions[0].values: must be a list, not the string 'x'"},
         }) {
        const PolicySet set = decode(podQosWith("labelSelector: {" + row.text + "}"));
        EXPECT_THAT(told(set),
                    ElementsAre("error a.yaml:6: PodQOS/p: spec.labelSelector." + row.reason))
            << row.text;
        EXPECT_THAT(set.podQos, IsEmpty());
    }
}

TEST(LabelSelector, keeps_every_requirement) {
    const PolicySet set = decode(podQosWith(
        "labelSelector: {matchLabels: {a: ''}, matchExpressions: [{key: b, operator: In, values: "
        "[x, '']}, {key: c, operator: NotIn, values: [z]}, {key: d, operator: Exists}]}"));
    EXPECT_THAT(told(set), IsEmpty());
    using Operator = LabelRequirement::Operator;
    EXPECT_EQ(set.podQos.at(0).labelSelector, (LabelSelector{{{"a", Operator::in, {""}},
                                                              {"b", Operator::in, {"x", ""}},
                                                              {"c", Operator::notIn, {"z"}},
                                                              {"d", Operator::exists, {}}}}));
}

std::string scoped(const std::string& expression) {
    return podQosWith("scopeSelector: {matchExpressions: [{" + expression + "}]}");
}

TEST(ScopeSelector, refuses_what_cannot_be_meant) {
    const std::string priority =
        "values[0]: must be a priority (\"1000\", \"-100\") or a range of them (\"1000-3000\", "
        "\"-100..10\")";
    std::vector<Row> rows{
        {"scopeName: Colour, operator: In, values: [x]",
         "scopeName: must be QOSClass, Priority or Namespace"},
        {"operator: In, values: [x]", "scopeName: is missing: QOSClass, Priority or Namespace"},
        {"scopeName: Namespace, values: [x]", "operator: is missing: In or NotIn"},
        {"scopeName: Namespace, operator: Exists, values: [x]", "operator: must be In or NotIn"},
        {"scopeName: Namespace, operator: In",
         "values: is missing: In and NotIn need at least one value"},
        {"scopeName: Namespace, operator: In, values: []",
         "values: is missing: In and NotIn need at least one value"},
        {"scopeName: Namespace, operator: In, values: [A_b]",
         "values[0]: is not the name of a namespace"},
        {"scopeName: QOSClass, operator: In, values: [besteffort]",
         "values[0]: must be BestEffort, Burstable or Guaranteed"},
        {"scopeName: Priority, operator: In, values: [1000]",
         "values[0]: must be a string, and unquoted '1000' is a whole number; write it in quotes"},
        {"scopeName: Priority, operator: In, values: ['3000-1000']",
         "values[0]: the range is reversed: the lower priority comes first"},
        {"scopeName: Priority, operator: In, values: ['-50--100']",
         "values[0]: the range is reversed: the lower priority comes first"},
    };
    for (const auto* value : {"x", "1-", "-", "--1", "1..", "1-2-3", "1 - 2", "1.5", "+1", "..5",
                              "1---2", "99999999999", "0-99999999999"}) {
        rows.push_back({"scopeName: Priority, operator: In, values: ['" + std::string(value) + "']",
                        priority});
    }
    for (const auto& row : rows) {
        EXPECT_THAT(
            refusalsOf(scoped(row.text)),
            ElementsAre("error a.yaml:6: PodQOS/p: spec.scopeSelector.matchExpressions[0]." +
                        row.reason))
            << row.text;
    }
}

TEST(ScopeSelector, reads_priorities_with_ranges_and_signs) {
    const PolicySet set =
        decode(scoped("scopeName: Priority, operator: NotIn, values: ['1000', '1000-3000', '-100', "
                      "'-100--50', '-100-10', '-100..10', '-100..-50', '2147483647']"));
    EXPECT_THAT(told(set), IsEmpty());
    const auto& requirement = set.podQos.at(0).scopeSelector->at(0);
    EXPECT_EQ(requirement.op, ScopeRequirement::Operator::notIn);
    EXPECT_THAT(requirement.priorities,
                ElementsAre(PriorityRange{1000, 1000}, PriorityRange{1000, 3000},
                            PriorityRange{-100, -100}, PriorityRange{-100, -50},
                            PriorityRange{-100, 10}, PriorityRange{-100, 10},
                            PriorityRange{-100, -50}, PriorityRange{2147483647, 2147483647}));
}

TEST(ScopeSelector, reads_classes_and_namespaces) {
    const PolicySet set = decode(podQosWith(
        "scopeSelector: {matchExpressions: [{scopeName: QOSClass, operator: In, values: "
        "[BestEffort,"
        " Burstable]}, {scopeName: Namespace, operator: NotIn, values: [kube-system]}]}"));
    EXPECT_THAT(told(set), IsEmpty());
    const auto& scopes = *set.podQos.at(0).scopeSelector;
    EXPECT_THAT(scopes.at(0).qosClasses, ElementsAre(QosClass::bestEffort, QosClass::burstable));
    EXPECT_EQ(scopes.at(1).scope, ScopeRequirement::Scope::namespaceName);
    EXPECT_EQ(scopes.at(1).op, ScopeRequirement::Operator::notIn);
    EXPECT_THAT(scopes.at(1).namespaces, ElementsAre("kube-system"));
}

TEST(PodQos, without_a_selector_matches_no_pod_and_says_so) {
    const std::string warning = "matches no pod: give labelSelector or scopeSelector; an empty "
                                "scopeSelector ('scopeSelector: {}') matches every pod";
    for (const auto* line :
         {"# none", "labelSelector: {}", "labelSelector: {matchLabels: {}}", "scopeSelector:"}) {
        const PolicySet set = decode(podQosWith(line));
        EXPECT_THAT(told(set), ElementsAre("warning a.yaml:4: PodQOS/p: spec: " + warning)) << line;
        ASSERT_THAT(set.podQos, SizeIs(1)) << line;
        EXPECT_EQ(set.podQos[0].labelSelector, std::nullopt) << line;
        EXPECT_EQ(set.podQos[0].scopeSelector, std::nullopt) << line;
    }
}

TEST(PodQos, an_empty_scope_selector_matches_every_pod) {
    for (const auto* line : {"scopeSelector: {}", "scopeSelector: {matchExpressions: []}"}) {
        const PolicySet set = decode(podQosWith(line));
        EXPECT_THAT(told(set), IsEmpty()) << line;
        ASSERT_TRUE(set.podQos.at(0).scopeSelector) << line;
        EXPECT_THAT(*set.podQos[0].scopeSelector, IsEmpty()) << line;
    }
}

TEST(PodQos, allows_actions_by_name) {
    const std::string head = "apiVersion: ensurance.crane.io/v1alpha1\nkind: PodQOS\n"
                             "metadata: {name: p}\nspec:\n  scopeSelector: {}\n";
    EXPECT_THAT(
        refusalsOf(head),
        ElementsAre("warning a.yaml:4: PodQOS/p: spec.allowedActions: no action is allowed: "
                    "this PodQOS has no effect"));
    EXPECT_THAT(
        refusalsOf(head + "  allowedActions: a\n"),
        ElementsAre("error a.yaml:6: PodQOS/p: spec.allowedActions: must be a list, not the "
                    "string 'a'"));
    EXPECT_THAT(refusalsOf(head + "  allowedActions: [a, null]\n"),
                ElementsAre("error a.yaml:6: PodQOS/p: spec.allowedActions[1]: is missing: the "
                            "metadata.name of an AvoidanceAction"));
    EXPECT_THAT(decode(head + "  allowedActions: [a, b, a]\n").podQos.at(0).allowedActions,
                ElementsAre("a", "b"));
}

TEST(PodQos, suggests_the_field_that_was_meant) {
    EXPECT_THAT(refusalsOf(podQosWith("scopeSelector: {}\n  selector: {}")),
                ElementsAre("warning a.yaml:7: PodQOS/p: spec.selector: unknown field 'selector', "
                            "did you mean 'labelSelector'?"));
    EXPECT_THAT(refusalsOf(podQosWith("scopeSelector: {}\n  labelSelectors: {}")),
                ElementsAre("warning a.yaml:7: PodQOS/p: spec.labelSelectors: unknown field "
                            "'labelSelectors', did you mean 'labelSelector'?"));
}

TEST(PodQos, unused_fields_are_checked_and_said_once) {
    const std::string line = "scopeSelector: {}\n  resourceQOS: ";
    const std::string once =
        "warning a.yaml:7: PodQOS/p: spec.resourceQOS: accepted, not acted on yet";
    const std::string place = "error a.yaml:7: PodQOS/p: spec.resourceQOS.";
    EXPECT_THAT(refusalsOf(podQosWith(line + "{cpuQOS: {cpuPriority: 7}}")), ElementsAre(once));
    EXPECT_THAT(refusalsOf(podQosWith(line + "{cpuQOS: {cpuPriority: 8}}")),
                ElementsAre(place + "cpuQOS.cpuPriority: must be from 0 to 7, not 8", once));
    EXPECT_THAT(
        refusalsOf(podQosWith(line + "{cpuQOS: {cpuSet: {cpuSet: mine}}}")),
        ElementsAre(place + "cpuQOS.cpuSet.cpuSet: must be one of none, exclusive, share", once));
    EXPECT_THAT(refusalsOf(podQosWith(line + "{memoryQOS: {memoryCompression: {compressionLevel: "
                                             "5}}}")),
                ElementsAre(place + "memoryQOS.memoryCompression.compressionLevel: must be from 0 "
                                    "to 4, not 5",
                            once));
    EXPECT_THAT(refusalsOf(podQosWith(line + "{netIOQOS: {devNetIOLimits: {eth0: {rxBps: x}}}}")),
                ElementsAre(place + "netIOQOS.devNetIOLimits.eth0.rxBps: must be a whole number, "
                                    "not the string 'x'",
                            once));
    EXPECT_THAT(
        refusalsOf(podQosWith(line + "[1]")),
        ElementsAre("error a.yaml:7: PodQOS/p: spec.resourceQOS: must be a map, not a list", once));
}

} // namespace
} // namespace plimsoll::kube
