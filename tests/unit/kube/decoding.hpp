// SPDX-License-Identifier: Apache-2.0
// Shared by the tests of kube: decode a text, and the refusals as the operator reads them.
#pragma once

#include "agreement.hpp"
#include "kube/policy_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

/// Whatever a test decodes, the schema that API servers check with must say the same.
inline PolicySet decode(std::string_view text) {
    PolicySet result;
    decodeObjects(text, "a.yaml", result);
    EXPECT_THAT(disagreements(text, result), testing::IsEmpty()) << text;
    return result;
}

/// "warning a.yaml:3: NodeQOS/x: spec.y: reason".
inline std::vector<std::string> told(const PolicySet& set) {
    std::vector<std::string> result;
    for (const auto& refusal : set.refusals) {
        const bool warning = refusal.severity == Refusal::Severity::warning;
        result.push_back((warning ? "warning " : "error ") + refusal.text());
    }
    return result;
}

inline std::vector<std::string> refusalsOf(std::string_view text) {
    return told(decode(text));
}

/// A NodeQOS whose one rule starts on line 6.
inline std::string nodeQosWithRule(const std::string& rule) {
    return "apiVersion: ensurance.crane.io/v1alpha1\n"
           "kind: NodeQOS\n"
           "metadata: {name: nq}\n"
           "spec:\n"
           "  rules:\n"
           "  - " +
           rule + "\n";
}

/// A NodeQOS with a good rule and this line (line 5) in its spec.
inline std::string nodeQosWith(const std::string& line) {
    return "apiVersion: ensurance.crane.io/v1alpha1\n"
           "kind: NodeQOS\n"
           "metadata: {name: nq}\n"
           "spec:\n"
           "  " +
           line +
           "\n"
           "  rules:\n"
           "  - {name: r, actionName: a, metricRule: {name: m, value: 1}}\n";
}

/// A PodQOS that allows an action and has this line (line 6) in its spec.
inline std::string podQosWith(const std::string& line) {
    return "apiVersion: ensurance.crane.io/v1alpha1\n"
           "kind: PodQOS\n"
           "metadata: {name: p}\n"
           "spec:\n"
           "  allowedActions: [a]\n"
           "  " +
           line + "\n";
}

/// An AvoidanceAction with this line (line 5) in its spec.
inline std::string actionWith(const std::string& line) {
    return "apiVersion: ensurance.crane.io/v1alpha1\n"
           "kind: AvoidanceAction\n"
           "metadata: {name: a}\n"
           "spec:\n"
           "  " +
           line + "\n";
}

} // namespace plimsoll::kube
