// SPDX-License-Identifier: Apache-2.0
// Names that lead nowhere. Warnings only: the other object may still be written.
#include "daemon/model/suggest.hpp"
#include "kube/policy_directory.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace plimsoll::kube {
namespace {

/// The object that names an action.
struct Owner {
    std::string_view kind;
    const std::string& name;
    const std::string& origin;
};

class References {
public:
    explicit References(PolicySet& set) : set_(set) {}

    void check(const std::string& action, const Owner& owner, std::string path) {
        if (set_.findAction(action) != nullptr) {
            return;
        }
        Refusal refusal{.severity = Refusal::Severity::warning,
                        .object = std::string(owner.kind) + "/" + owner.name,
                        .path = std::move(path),
                        .reason = reasonFor(action)};
        placeAt(owner.origin, refusal);
        addToStatus(owner, refusal);
        set_.refusals.push_back(std::move(refusal));
    }

private:
    [[nodiscard]] std::string reasonFor(const std::string& action) const {
        std::vector<std::string_view> names;
        names.reserve(set_.actions.size());
        for (const auto& known : set_.actions) {
            names.push_back(known.name);
        }
        std::string reason = "there is no AvoidanceAction '" + action + "'";
        if (const auto meant = suggestion(action, names); !meant.empty()) {
            reason += ", did you mean '" + std::string(meant) + "'?";
        }
        return reason;
    }

    /// "file:line" back into its parts; "cluster" has none.
    static void placeAt(const std::string& origin, Refusal& refusal) {
        const std::size_t colon = origin.rfind(':');
        if (colon == std::string::npos) {
            return;
        }
        const std::string_view digits = std::string_view(origin).substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), refusal.line);
        refusal.file = origin.substr(0, colon);
    }

    void addToStatus(const Owner& owner, const Refusal& refusal) {
        const auto found = std::ranges::find_if(set_.objects, [&](const ObjectStatus& status) {
            return status.accepted && status.kind == owner.kind && status.name == owner.name;
        });
        if (found != set_.objects.end()) {
            found->add(refusal);
        }
    }

    PolicySet& set_;
};

} // namespace

void checkReferences(PolicySet& set) {
    References references(set);
    for (const auto& policy : set.nodeQos) {
        for (std::size_t i = 0; i < policy.rules.size(); ++i) {
            references.check(policy.rules[i].actionName, {"NodeQOS", policy.name, policy.origin},
                             "spec.rules[" + std::to_string(i) + "].actionName");
        }
    }
    for (const auto& policy : set.podQos) {
        for (std::size_t i = 0; i < policy.allowedActions.size(); ++i) {
            references.check(policy.allowedActions[i], {"PodQOS", policy.name, policy.origin},
                             "spec.allowedActions[" + std::to_string(i) + "]");
        }
    }
}

} // namespace plimsoll::kube
