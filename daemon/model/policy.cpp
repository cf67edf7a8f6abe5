// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/policy.hpp"

#include <algorithm>

namespace plimsoll {

std::string Refusal::text() const {
    std::string result;
    const auto add = [&result](const std::string& part) {
        if (!part.empty()) {
            result += (result.empty() ? "" : ": ") + part;
        }
    };
    add(line > 0 ? file + ":" + std::to_string(line) : file);
    add(object);
    add(path);
    add(reason);
    return result;
}

void ObjectStatus::add(const Refusal& refusal) {
    if (refusal.notActedOn) {
        notActedOn.push_back(refusal.path);
    } else {
        problems.push_back(refusal.path + (refusal.path.empty() ? "" : ": ") + refusal.reason);
    }
}

const AvoidanceAction* PolicySet::findAction(std::string_view actionName) const {
    const auto found = std::ranges::find(actions, actionName, &AvoidanceAction::name);
    return found == actions.end() ? nullptr : &*found;
}

} // namespace plimsoll
