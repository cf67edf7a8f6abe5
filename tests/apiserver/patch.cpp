// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/patch.hpp"

#include <algorithm>
#include <map>

namespace plimsoll::test::apiserver {

namespace {

/// Lists that a strategic patch merges by a key; the others it replaces (also spec.taints).
std::string mergeKeyOf(const std::string& field) {
    static const std::map<std::string, std::string> kKeys{{"conditions", "type"},
                                                          {"addresses", "type"},
                                                          {"containers", "name"},
                                                          {"ownerReferences", "uid"},
                                                          {"volumes", "name"}};
    const auto found = kKeys.find(field);
    return found == kKeys.end() ? std::string{} : found->second;
}

void mergeStrategic(Json& target, const Json& patch);

void mergeList(Json& target, const Json& patch, const std::string& key) {
    if (!target.is_array())
        target = Json::array();
    for (const Json& item : patch) {
        const Json wanted = item.value(key, Json());
        const auto same = std::ranges::find_if(
            target, [&](const Json& have) { return have.value(key, Json()) == wanted; });
        const bool isThere = same != target.end();
        if (item.value("$patch", "") == "delete") {
            if (isThere)
                target.erase(target.begin() + (same - target.begin()));
        } else if (isThere) {
            mergeStrategic(*same, item);
        } else {
            target.push_back(item);
        }
    }
}

void mergeStrategic(Json& target, const Json& patch) {
    if (!target.is_object() || patch.value("$patch", "") == "replace")
        target = Json::object();
    for (const auto& [field, value] : patch.items()) {
        const std::string key = mergeKeyOf(field);
        if (field.starts_with('$'))
            continue;
        if (value.is_null())
            target.erase(field);
        else if (value.is_object())
            mergeStrategic(target[field], value);
        else if (value.is_array() && !key.empty())
            mergeList(target[field], value, key);
        else
            target[field] = value;
    }
}

Reply unsupported(const std::string& message) {
    return failure(415, "UnsupportedMediaType", message);
}

} // namespace

Outcome<Json> patched(const Json& object, const Request& request, bool isCustom) {
    const std::string type = request.contentType.substr(0, request.contentType.find(';'));
    const bool isStrategic = type == "application/strategic-merge-patch+json";
    if (isStrategic && isCustom)
        return std::unexpected(unsupported(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml"));
    if (!isStrategic && type != "application/merge-patch+json" &&
        type != "application/json-patch+json")
        return std::unexpected(
            failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object()));
    const Json patch = Json::parse(request.body, nullptr, false);
    if (patch.is_discarded() || (type != "application/json-patch+json" && !patch.is_object()))
        return std::unexpected(
            failure(400, "BadRequest", "error decoding patch: unexpected end of JSON input"));
    Json result = object;
    try {
        if (type == "application/json-patch+json")
            result = object.patch(patch);
        else if (isStrategic)
            mergeStrategic(result, patch);
        else
            result.merge_patch(patch);
    } catch (const Json::exception&) {
        return std::unexpected(failure(
            422, "Invalid", "the server rejected our request due to an error in our request",
            Json::object()));
    }
    return result;
}

} // namespace plimsoll::test::apiserver
