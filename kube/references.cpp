// SPDX-License-Identifier: Apache-2.0
// Names that lead nowhere. Warnings only: the other object may still be written.
#include "daemon/model/suggest.hpp"
#include "kube/policy_directory.hpp"

#include <charconv>
#include <string>

namespace plimsoll::kube {
namespace {

class References {
public:
    explicit References(PolicySet& set) : set_(set) {}

    void check(const std::string& action, const std::string& origin, std::string object,
               std::string path) {
        if (set_.findAction(action) != nullptr) {
            return;
        }
        std::vector<std::string_view> names;
        names.reserve(set_.actions.size());
        for (const auto& known : set_.actions) {
            names.push_back(known.name);
        }
        std::string reason = "there is no AvoidanceAction '" + action + "'";
        if (const auto meant = suggestion(action, names); !meant.empty()) {
            reason += ", did you mean '" + std::string(meant) + "'?";
        }
        Refusal refusal{.severity = Refusal::Severity::warning,
                        .file = origin,
                        .object = std::move(object),
                        .path = std::move(path),
                        .reason = std::move(reason)};
        splitOrigin(refusal);
        set_.refusals.push_back(std::move(refusal));
    }

private:
    /// "file:line" back into its parts.
    static void splitOrigin(Refusal& refusal) {
        const std::size_t colon = refusal.file.rfind(':');
        if (colon == std::string::npos) {
            return;
        }
        const std::string_view digits = std::string_view(refusal.file).substr(colon + 1);
        int line = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), line);
        if (error == std::errc{} && end == digits.data() + digits.size()) {
            refusal.line = line;
            refusal.file.resize(colon);
        }
    }

    PolicySet& set_;
};

} // namespace

void checkReferences(PolicySet& set) {
    References references(set);
    for (const auto& policy : set.nodeQos) {
        for (std::size_t i = 0; i < policy.rules.size(); ++i) {
            references.check(policy.rules[i].actionName, policy.origin, "NodeQOS/" + policy.name,
                             "spec.rules[" + std::to_string(i) + "].actionName");
        }
    }
    for (const auto& policy : set.podQos) {
        for (std::size_t i = 0; i < policy.allowedActions.size(); ++i) {
            references.check(policy.allowedActions[i], policy.origin, "PodQOS/" + policy.name,
                             "spec.allowedActions[" + std::to_string(i) + "]");
        }
    }
}

} // namespace plimsoll::kube
