// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/selectors.hpp"

#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using LabelOp = LabelRequirement::Operator;
using ScopeOp = ScopeRequirement::Operator;
using Scope = ScopeRequirement::Scope;

LabelSelector label(std::string key, LabelOp op, std::vector<std::string> values = {}) {
    return {{{.key = std::move(key), .op = op, .values = std::move(values)}}};
}

std::vector<ScopeRequirement> priority(ScopeOp op, std::vector<PriorityRange> ranges) {
    return {{.scope = Scope::priority, .op = op, .priorities = std::move(ranges)}};
}

std::vector<ScopeRequirement> qosClass(ScopeOp op, std::vector<QosClass> classes) {
    return {{.scope = Scope::qosClass, .op = op, .qosClasses = std::move(classes)}};
}

std::vector<ScopeRequirement> inNamespace(ScopeOp op, std::vector<std::string> names) {
    return {{.scope = Scope::namespaceName, .op = op, .namespaces = std::move(names)}};
}

struct Case {
    const char* what;
    std::optional<LabelSelector> labels;
    std::optional<std::vector<ScopeRequirement>> scopes;
    Labels podLabels;
    std::int32_t podPriority;
    bool expected;
};

class PodQosMatch : public testing::TestWithParam<Case> {};

TEST_P(PodQosMatch, selects_as_the_documents_mean_it) {
    const auto& row = GetParam();
    const PodQos podQos{.labelSelector = row.labels, .scopeSelector = row.scopes};
    const Pod pod{.namespaceName = "default",
                  .name = "p",
                  .labels = row.podLabels,
                  .qosClass = QosClass::bestEffort,
                  .priority = row.podPriority};
    EXPECT_EQ(selects(podQos, pod), row.expected) << row.what;
}

const auto kNoLabels = std::optional<LabelSelector>{};
const auto kNoScopes = std::optional<std::vector<ScopeRequirement>>{};
const Labels kA1{{"a", "1"}};

INSTANTIATE_TEST_SUITE_P(
    Labels, PodQosMatch,
    testing::Values(
        Case{"no selectors at all", kNoLabels, kNoScopes, {}, 0, false},
        Case{"an empty label selector", LabelSelector{}, kNoScopes, {}, 0, true},
        Case{"a=1, has it", label("a", LabelOp::in, {"1"}), kNoScopes, kA1, 0, true},
        Case{"a=1, has a=2", label("a", LabelOp::in, {"1"}), kNoScopes, {{"a", "2"}}, 0, false},
        Case{"a=1, has none", label("a", LabelOp::in, {"1"}), kNoScopes, {}, 0, false},
        Case{"a=\"\" needs the key", label("a", LabelOp::in, {""}), kNoScopes, {}, 0, false},
        Case{"a=\"\", has it", label("a", LabelOp::in, {""}), kNoScopes, {{"a", ""}}, 0, true},
        Case{"NotIn, missing key", label("a", LabelOp::notIn, {"1"}), kNoScopes, {}, 0, true},
        Case{"NotIn, has it", label("a", LabelOp::notIn, {"1"}), kNoScopes, kA1, 0, false},
        Case{"Exists", label("a", LabelOp::exists), kNoScopes, kA1, 0, true},
        Case{"Exists, missing", label("a", LabelOp::exists), kNoScopes, {}, 0, false},
        Case{"DoesNotExist", label("a", LabelOp::doesNotExist), kNoScopes, kA1, 0, false},
        Case{"DoesNotExist, missing", label("a", LabelOp::doesNotExist), kNoScopes, {}, 0, true}));

const std::vector<PriorityRange> kThousands{{1000, 3000}};
const std::vector<PriorityRange> kFiveAndTeens{{5, 5}, {10, 20}};
const std::vector<PriorityRange> kFiveAndTen{{5, 5}, {10, 10}};
const std::vector<QosClass> kBestEffort{QosClass::bestEffort};

INSTANTIATE_TEST_SUITE_P(
    Scopes, PodQosMatch,
    testing::Values(
        Case{"an empty scope selector", kNoLabels, std::vector<ScopeRequirement>{}, {}, 0, true},
        Case{"class In", kNoLabels, qosClass(ScopeOp::in, kBestEffort), {}, 0, true},
        Case{"class NotIn", kNoLabels, qosClass(ScopeOp::notIn, kBestEffort), {}, 0, false},
        Case{"namespace In", kNoLabels, inNamespace(ScopeOp::in, {"kube-system"}), {}, 0, false},
        Case{"namespace NotIn",
             kNoLabels,
             inNamespace(ScopeOp::notIn, {"kube-system"}),
             {},
             0,
             true},
        Case{"1000", kNoLabels, priority(ScopeOp::in, {{1000, 1000}}), {}, 1000, true},
        Case{"1000, has 999", kNoLabels, priority(ScopeOp::in, {{1000, 1000}}), {}, 999, false},
        Case{"range, low end", kNoLabels, priority(ScopeOp::in, kThousands), {}, 1000, true},
        Case{"range, high end", kNoLabels, priority(ScopeOp::in, kThousands), {}, 3000, true},
        Case{"range, beyond", kNoLabels, priority(ScopeOp::in, kThousands), {}, 3001, false},
        Case{"any range", kNoLabels, priority(ScopeOp::in, kFiveAndTeens), {}, 15, true},
        Case{"NotIn, the last", kNoLabels, priority(ScopeOp::notIn, kFiveAndTen), {}, 10, false},
        Case{"NotIn, the first", kNoLabels, priority(ScopeOp::notIn, kFiveAndTen), {}, 5, false},
        Case{"NotIn, neither", kNoLabels, priority(ScopeOp::notIn, kFiveAndTen), {}, 7, true},
        Case{"negative", kNoLabels, priority(ScopeOp::in, {{-100, -100}}), {}, -100, true},
        Case{"no priority is 0", kNoLabels, priority(ScopeOp::in, {{0, 0}}), {}, 0, true},
        Case{"labels AND scopes", label("a", LabelOp::in, {"1"}),
             qosClass(ScopeOp::notIn, kBestEffort), kA1, 0, false},
        Case{"both", label("a", LabelOp::in, {"1"}), qosClass(ScopeOp::in, kBestEffort), kA1, 0,
             true}));

TEST(NodeSelector, one_with_requirements_matches_no_node_that_is_unknown) {
    const NodeQos qos{.nodeSelector = label("role", LabelOp::in, {"colocated"})};
    EXPECT_FALSE(selectsNode(qos, std::nullopt));
    EXPECT_FALSE(selectsNode(qos, Node{.name = "n", .labels = {{"role", "other"}}}));
    EXPECT_TRUE(selectsNode(qos, Node{.name = "n", .labels = {{"role", "colocated"}}}));
}

TEST(NodeSelector, absent_or_empty_matches_every_node) {
    EXPECT_TRUE(selectsNode(NodeQos{}, std::nullopt));
    EXPECT_TRUE(selectsNode(NodeQos{.nodeSelector = LabelSelector{}}, std::nullopt));
}

} // namespace
} // namespace plimsoll::analyzer
