// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/selectors.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

/// std::ranges::contains comes with gcc 13.
template <class T>
bool contains(const std::vector<T>& values, const T& value) {
    return std::ranges::find(values, value) != values.end();
}

bool holds(const LabelRequirement& requirement, const Labels& labels) {
    const auto found = labels.find(requirement.key);
    const bool present = found != labels.end();
    const auto listed = [&] { return contains(requirement.values, found->second); };
    switch (requirement.op) {
    case LabelRequirement::Operator::in: return present && listed();
    case LabelRequirement::Operator::notIn: return !present || !listed();
    case LabelRequirement::Operator::exists: return present;
    case LabelRequirement::Operator::doesNotExist: return !present;
    }
    return false;
}

bool inAnyRange(const std::vector<PriorityRange>& ranges, std::int32_t priority) {
    return std::ranges::any_of(ranges, [priority](const PriorityRange& range) {
        return range.low <= priority && priority <= range.high;
    });
}

} // namespace

bool matches(const LabelSelector& selector, const Labels& labels) {
    return std::ranges::all_of(selector.requirements, [&labels](const LabelRequirement& each) {
        return holds(each, labels);
    });
}

bool matches(const ScopeRequirement& requirement, const Pod& pod) {
    bool listed = false;
    switch (requirement.scope) {
    case ScopeRequirement::Scope::qosClass:
        listed = contains(requirement.qosClasses, pod.qosClass);
        break;
    case ScopeRequirement::Scope::priority:
        listed = inAnyRange(requirement.priorities, pod.priority);
        break;
    case ScopeRequirement::Scope::namespaceName:
        listed = contains(requirement.namespaces, pod.namespaceName);
        break;
    }
    return listed == (requirement.op == ScopeRequirement::Operator::in);
}

bool selects(const PodQos& podQos, const Pod& pod) {
    if (!podQos.labelSelector && !podQos.scopeSelector) {
        return false;
    }
    if (podQos.labelSelector && !matches(*podQos.labelSelector, pod.labels)) {
        return false;
    }
    return !podQos.scopeSelector ||
           std::ranges::all_of(*podQos.scopeSelector,
                               [&pod](const ScopeRequirement& each) { return matches(each, pod); });
}

bool selectsNode(const NodeQos& nodeQos, const std::optional<Node>& node) {
    if (!nodeQos.nodeSelector || nodeQos.nodeSelector->requirements.empty()) {
        return true;
    }
    return node && matches(*nodeQos.nodeSelector, node->labels);
}

} // namespace plimsoll::analyzer
