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

/// `value` none: there is no such label.
bool holds(const LabelRequirement& requirement, std::optional<std::string_view> value) {
    const auto listed = [&] {
        return std::ranges::find(requirement.values, *value) != requirement.values.end();
    };
    switch (requirement.op) {
    case LabelRequirement::Operator::in: return value && listed();
    case LabelRequirement::Operator::notIn: return !value || !listed();
    case LabelRequirement::Operator::exists: return value.has_value();
    case LabelRequirement::Operator::doesNotExist: return !value;
    }
    return false;
}

/// `find` gives the value of a key.
template <class Find>
bool allHold(const LabelSelector& selector, Find find) {
    return std::ranges::all_of(selector.requirements, [&find](const LabelRequirement& each) {
        return holds(each, find(each.key));
    });
}

bool inAnyRange(const std::vector<PriorityRange>& ranges, std::int32_t priority) {
    return std::ranges::any_of(ranges, [priority](const PriorityRange& range) {
        return range.low <= priority && priority <= range.high;
    });
}

} // namespace

bool matches(const LabelSelector& selector, const Labels& labels) {
    return allHold(selector, [&labels](const std::string& key) -> std::optional<std::string_view> {
        const auto found = labels.find(key);
        return found == labels.end() ? std::nullopt
                                     : std::optional<std::string_view>(found->second);
    });
}

bool matches(const LabelSelector& selector, std::string_view key, std::string_view value) {
    return allHold(selector, [&](const std::string& wanted) {
        return wanted == key ? std::optional(value) : std::nullopt;
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
