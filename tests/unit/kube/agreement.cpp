// SPDX-License-Identifier: Apache-2.0
#include "agreement.hpp"

#include "schema.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace plimsoll::kube {
namespace {

/// libstdc++ matches patterns recursively, so long texts are left to the tests of the bounds.
constexpr std::size_t kLongest = std::size_t{64} * 1024;

struct Inexpressible {
    std::string_view path;   ///< begins with
    std::string_view reason; ///< contains
};
constexpr std::array<Inexpressible, 9> kInexpressible{{
    {"metadata", ""}, // the API server's own rules, which are no schema
    {"", "contradicts restoreThreshold"},
    {"", "the range is reversed"},
    {"", "quantities end at"},
    {"", "more than 1000 objects"},
    {"", "and more of the same kind"},
    // JSON has neither.
    {"", "stands twice in the same map"},
    // Keys of maps: propertyNames is not structural.
    {"", "is not the name of a label"},
    // Numbers of the size of a priority, but beyond 32 bits.
    {"spec.scopeSelector", "must be a priority"},
}};

/// A number that is no whole one: the decoders take it as a watermark, x-kubernetes-int-or-string
/// does not.
bool isUnquotedFraction(std::string_view violation) {
    return violation.find(".metricRule.value: is none of several shapes") != std::string_view::npos;
}

std::optional<std::string> disagreement(const YamlNode& document, const ObjectStatus& status,
                                        const PolicySet& decoded) {
    const YamlNode* schema = schemaOf(status.kind);
    const auto refused = violation(*schema, document);
    const std::string who = status.kind + (status.name.empty() ? "" : "/" + status.name);
    if (status.accepted) {
        return refused && !isUnquotedFraction(*refused)
                   ? std::optional(who + " is good, and refused by the schema: " + *refused)
                   : std::nullopt;
    }
    if (refused) {
        return std::nullopt;
    }
    for (const auto& refusal : decoded.refusals) {
        if (refusal.object == who && refusal.severity == Refusal::Severity::error &&
            expressible(refusal)) {
            return "the schema accepts what is refused: " + refusal.text();
        }
    }
    return std::nullopt;
}

} // namespace

bool expressible(const Refusal& refusal) {
    return std::ranges::none_of(kInexpressible, [&](const Inexpressible& known) {
        return refusal.path.starts_with(known.path) &&
               refusal.reason.find(known.reason) != std::string::npos;
    });
}

std::vector<std::string> disagreements(std::string_view text, const PolicySet& decoded) {
    std::vector<std::string> result;
    if (text.size() > kLongest) {
        return result;
    }
    for (const auto& document : parseYaml(text).documents) {
        const YamlNode* kind = document.find("kind");
        const YamlNode* version = document.find("apiVersion");
        if (kind == nullptr || schemaOf(kind->text) == nullptr || version == nullptr ||
            version->text != "ensurance.crane.io/v1alpha1") {
            continue;
        }
        const auto status = std::ranges::find_if(decoded.objects, [&](const ObjectStatus& object) {
            return object.kind == kind->text &&
                   object.origin == "a.yaml:" + std::to_string(document.line);
        });
        if (status != decoded.objects.end()) {
            if (auto found = disagreement(document, *status, decoded)) {
                result.push_back(*std::move(found));
            }
        }
    }
    return result;
}

} // namespace plimsoll::kube
