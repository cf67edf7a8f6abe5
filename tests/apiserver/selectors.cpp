// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/selectors.hpp"

#include <algorithm>
#include <set>

namespace plimsoll::test::apiserver {

namespace {

std::string fieldOf(const Json& object, const std::string& field) {
    std::string pointer = "/" + field;
    std::ranges::replace(pointer, '.', '/');
    const Json::json_pointer path(pointer);
    if (!object.contains(path) || !object.at(path).is_string())
        return {};
    return object.at(path);
}

bool isSelectable(const std::string& plural, const std::string& field) {
    static const std::set<std::string> kOfPods{"spec.nodeName", "status.phase",
                                               "spec.restartPolicy"};
    return field == "metadata.name" || field == "metadata.namespace" ||
           (plural == "pods" && kOfPods.contains(field)) ||
           (plural == "nodes" && field == "spec.unschedulable") || plural == "events";
}

} // namespace

std::vector<Selector::Requirement> Selector::requirementsOf(const std::string& text) {
    std::vector<Requirement> requirements;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find(',', begin), text.size());
        const std::string one = text.substr(begin, end - begin);
        begin = end + 1;
        const auto sign = one.find_first_of("!=");
        if (sign == std::string::npos)
            continue;
        const auto value = one.find_first_not_of("!=", sign);
        requirements.push_back({.key = one.substr(0, sign),
                                .value = value == std::string::npos ? "" : one.substr(value),
                                .isEqual = one[sign] == '='});
    }
    return requirements;
}

Outcome<Selector> Selector::of(const Request& request) {
    Selector selector;
    selector.fields_ = requirementsOf(request.parameter("fieldSelector"));
    selector.labels_ = requirementsOf(request.parameter("labelSelector"));
    selector.space_ = request.space;
    for (const Requirement& field : selector.fields_)
        if (!isSelectable(request.plural, field.key))
            return std::unexpected(
                failure(400, "BadRequest", "field label not supported: " + field.key));
    return selector;
}

bool Selector::matches(const Json& object) const {
    if (object.is_null())
        return false;
    if (!space_.empty() && fieldOf(object, "metadata.namespace") != space_)
        return false;
    const bool fieldsMatch = std::ranges::all_of(fields_, [&](const Requirement& field) {
        return (fieldOf(object, field.key) == field.value) == field.isEqual;
    });
    const Json labels = object.value(Json::json_pointer("/metadata/labels"), Json::object());
    return fieldsMatch && std::ranges::all_of(labels_, [&](const Requirement& label) {
               const bool isSame =
                   labels.contains(label.key) && labels.at(label.key) == label.value;
               return isSame == label.isEqual;
           });
}

std::optional<std::string> Selector::required(const std::string& field) const {
    const auto found = std::ranges::find_if(fields_, [&](const Requirement& requirement) {
        return requirement.key == field && requirement.isEqual;
    });
    return found == fields_.end() ? std::nullopt : std::optional(found->value);
}

} // namespace plimsoll::test::apiserver
