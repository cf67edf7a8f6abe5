// SPDX-License-Identifier: Apache-2.0
// Label selectors and scope selectors. Strict where Crane let things pass: an unknown operator or
// scope makes the object invalid instead of matching everything.
#include "kube/decode.hpp"
#include "kube/names.hpp"

#include <charconv>
#include <map>
#include <utility>

namespace plimsoll::kube {
namespace {

void checkLabelValue(const Field& where, const std::string& value) {
    if (!isLabelValue(value)) {
        where.error("no label can have this value: letters, digits, '-', '_' and '.', at most 63");
    }
}

std::optional<std::string> labelKey(const Field& field) {
    auto key = field.requiredText("the name of the label");
    if (key && !isLabelKey(*key)) {
        field.error("is not the name of a label");
    }
    return key;
}

/// Reads `values` and checks that there are some exactly when the operator needs them.
std::vector<std::string> labelValues(const Field& field, bool needed) {
    if (needed && field.isEmpty()) {
        field.error("is missing: In and NotIn need at least one value");
    }
    std::vector<std::string> values;
    for (const auto& item : field.items()) {
        if (!needed) {
            field.error("must be left out: Exists and DoesNotExist take no values");
            break;
        }
        if (!item.present()) {
            item.error("must be a string, not nothing");
        } else if (auto value = item.text()) { // "" is a value
            checkLabelValue(item, *value);
            values.push_back(*std::move(value));
        }
    }
    return values;
}

LabelRequirement decodeLabelRequirement(const Field& expression) {
    using Operator = LabelRequirement::Operator;
    static const std::map<std::string, Operator, std::less<>> kOperators{
        {"In", Operator::in},
        {"NotIn", Operator::notIn},
        {"Exists", Operator::exists},
        {"DoesNotExist", Operator::doesNotExist}};
    LabelRequirement result;
    if (!expression.requiredMap("key, operator and values")) {
        return result;
    }
    expression.warnUnknown({"key", "operator", "values"});
    result.key = labelKey(expression.at("key")).value_or("");
    const auto op = expression.at("operator").requiredText("In, NotIn, Exists or DoesNotExist");
    if (!op) {
        return result;
    }
    const auto known = kOperators.find(*op);
    if (known == kOperators.end()) {
        expression.at("operator").error("must be In, NotIn, Exists or DoesNotExist");
        return result;
    }
    result.op = known->second;
    result.values = labelValues(expression.at("values"),
                                result.op == Operator::in || result.op == Operator::notIn);
    return result;
}

std::optional<std::int32_t> takeNumber(std::string_view& text) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// "1000", "1000-3000" (Crane's), "-100", "-100--50", "-100-10", "-100..10".
std::optional<PriorityRange> parsePriorityRange(std::string_view text) {
    const auto low = takeNumber(text);
    if (!low) {
        return std::nullopt;
    }
    if (text.empty()) {
        return PriorityRange{*low, *low};
    }
    if (text.starts_with("..")) {
        text.remove_prefix(2);
    } else if (text.starts_with('-')) {
        text.remove_prefix(1);
    } else {
        return std::nullopt;
    }
    const auto high = takeNumber(text);
    if (!high || !text.empty()) {
        return std::nullopt;
    }
    return PriorityRange{*low, *high};
}

void decodeScopeValue(const Field& item, const std::string& value, ScopeRequirement& into) {
    switch (into.scope) {
    case ScopeRequirement::Scope::qosClass: {
        const auto qosClass = qosClassFromName(value);
        if (!qosClass) {
            item.error("must be BestEffort, Burstable or Guaranteed");
            return;
        }
        into.qosClasses.push_back(*qosClass);
        return;
    }
    case ScopeRequirement::Scope::priority: {
        const auto range = parsePriorityRange(value);
        if (!range) {
            item.error("must be a priority (\"1000\", \"-100\") or a range of them (\"1000-3000\", "
                       "\"-100..10\")");
            return;
        }
        if (range->low > range->high) {
            item.error("the range is reversed: the lower priority comes first");
            return;
        }
        into.priorities.push_back(*range);
        return;
    }
    case ScopeRequirement::Scope::namespaceName:
        if (!isDns1123Label(value)) {
            item.error("is not the name of a namespace");
            return;
        }
        into.namespaces.push_back(value);
        return;
    }
}

ScopeRequirement decodeScopeRequirement(const Field& expression) {
    using Scope = ScopeRequirement::Scope;
    static const std::map<std::string, Scope, std::less<>> kScopes{
        {"QOSClass", Scope::qosClass},
        {"Priority", Scope::priority},
        {"Namespace", Scope::namespaceName}};
    ScopeRequirement result;
    if (!expression.requiredMap("scopeName, operator and values")) {
        return result;
    }
    expression.warnUnknown({"scopeName", "operator", "values"});
    const auto scope = expression.at("scopeName").requiredText("QOSClass, Priority or Namespace");
    const auto op = expression.at("operator").requiredText("In or NotIn");
    const auto known = scope ? kScopes.find(*scope) : kScopes.end();
    if (scope && known == kScopes.end()) {
        expression.at("scopeName").error("must be QOSClass, Priority or Namespace");
    }
    if (op && *op != "In" && *op != "NotIn") {
        expression.at("operator").error("must be In or NotIn");
    }
    result.op = op == "NotIn" ? ScopeRequirement::Operator::notIn : ScopeRequirement::Operator::in;
    const Field values = expression.at("values");
    if (values.isEmpty()) {
        values.error("is missing: In and NotIn need at least one value");
    }
    if (known == kScopes.end()) {
        return result;
    }
    result.scope = known->second;
    for (const auto& item : values.items()) {
        if (const auto value = item.requiredText("a value")) {
            decodeScopeValue(item, *value, result);
        }
    }
    return result;
}

} // namespace

std::optional<LabelSelector> decodeLabelSelector(const Field& selector) {
    if (!selector.present() || !selector.isMap()) {
        return std::nullopt;
    }
    selector.warnUnknown({"matchLabels", "matchExpressions"});
    LabelSelector result;
    for (const auto& [key, field] : selector.at("matchLabels").members()) {
        if (!isLabelKey(key)) {
            field.error("is not the name of a label");
        }
        const std::string value = field.text().value_or("");
        checkLabelValue(field, value);
        result.requirements.push_back({key, LabelRequirement::Operator::in, {value}});
    }
    for (const auto& expression : selector.at("matchExpressions").items()) {
        result.requirements.push_back(decodeLabelRequirement(expression));
    }
    return result;
}

std::optional<std::vector<ScopeRequirement>> decodeScopeSelector(const Field& selector) {
    if (!selector.present() || !selector.isMap()) {
        return std::nullopt;
    }
    selector.warnUnknown({"matchExpressions"});
    std::vector<ScopeRequirement> result;
    for (const auto& expression : selector.at("matchExpressions").items()) {
        result.push_back(decodeScopeRequirement(expression));
    }
    return result;
}

} // namespace plimsoll::kube
