// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/intake.hpp"

#include "kube/api/bounded_json.hpp"
#include "kube/mirror/fields.hpp"
#include "kube/mirror/resource.hpp"

#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

/// kubelet rewrites its own conditions every few minutes.
void keepOurCondition(Json& node) {
    const Json::json_pointer path("/status/conditions");
    if (!node.contains(path) || !node.at(path).is_array()) {
        return;
    }
    auto kept = Json::array();
    for (auto& condition : node.at(path)) {
        if (stringAt(condition, "type") == "interference-identified") {
            kept.push_back(std::move(condition));
        }
    }
    node.at(path) = std::move(kept);
}

bool isOurs(Kind kind, std::string_view nodeName, const Json& object, const std::string& name) {
    switch (kind) {
    case Kind::pod: return stringAt(objectAt(object, "spec"), "nodeName") == nodeName;
    case Kind::node: return name == nodeName;
    default: return true;
    }
}

bool saysOtherwise(const Json& object, const char* key, std::string_view expected) {
    return object.contains(key) && stringAt(object, key) != expected;
}

Result<IncomingObject> makeIncoming(Kind kind, std::string_view nodeName, Json object) {
    const std::string kindName(name(kind));
    const std::string_view apiVersion = apiVersionOf(kind);
    if (!object.is_object() || saysOtherwise(object, "kind", kindName) ||
        saysOtherwise(object, "apiVersion", apiVersion)) {
        return fail(0, "an object that should be a " + kindName + " is none");
    }
    const Json& metadata = objectAt(object, "metadata");
    const std::string objectName = stringAt(metadata, "name");
    const std::string space = stringAt(metadata, "namespace");
    IncomingObject result;
    result.object.resourceVersion = stringAt(metadata, "resourceVersion");
    if (objectName.empty() || result.object.resourceVersion.empty() ||
        (kind == Kind::pod && space.empty())) {
        return fail(0, "a " + kindName + " has no name, namespace or resourceVersion");
    }
    result.key = kind == Kind::pod ? space + "/" + objectName : objectName;
    result.ours = isOurs(kind, nodeName, object, objectName);
    // Of a list of a built-in kind the items do not say what they are. And the version stands
    // beside: an object that differs in nothing else has not changed.
    object["kind"] = kindName;
    object["apiVersion"] = apiVersion;
    object["metadata"].erase("resourceVersion");
    if (kind == Kind::node) {
        keepOurCondition(object);
    }
    result.object.json = object.dump();
    return result;
}

Result<WatchEvent> makeBookmark(const Json& object) {
    const Json& metadata = objectAt(object, "metadata");
    WatchEvent result{.type = WatchEvent::Type::bookmark};
    result.version = stringAt(metadata, "resourceVersion");
    result.initialEnd =
        stringAt(objectAt(metadata, "annotations"), "k8s.io/initial-events-end") == "true";
    if (result.version.empty()) {
        return fail(0, "a bookmark of a watch has no resourceVersion");
    }
    return result;
}

/// Those two hold no object of the kind, and are small.
Result<WatchEvent> takeNotice(std::string_view line) {
    const auto whole = readKept(line, {});
    if (!whole) {
        return std::unexpected(whole.error());
    }
    const Json& object = objectAt(*whole, "object");
    if (stringAt(*whole, "type") == "BOOKMARK") {
        return makeBookmark(object);
    }
    return WatchEvent{.type = WatchEvent::Type::error, .status = object.dump()};
}

} // namespace

Result<IncomingObject> takeObject(Kind kind, std::string_view nodeName, std::string_view json) {
    auto object = readKept(json, keptFields(kind));
    if (!object) {
        return std::unexpected(std::move(object).error().with("an object that should be a " +
                                                              std::string(name(kind))));
    }
    return makeIncoming(kind, nodeName, *std::move(object));
}

Result<WatchEvent> takeEvent(Kind kind, std::string_view nodeName, std::string_view line) {
    const KeptFields fields{.which = KeptFields::Which::these,
                            .named = {{"type", {}}, {"object", keptFields(kind)}}};
    auto event = readKept(line, fields);
    if (!event) {
        return std::unexpected(std::move(event).error().with("a line of a watch"));
    }
    const std::string type = stringAt(*event, "type");
    if (type == "BOOKMARK" || type == "ERROR") {
        return takeNotice(line);
    }
    const bool removed = type == "DELETED";
    if (!removed && type != "ADDED" && type != "MODIFIED") {
        return fail(0, "an event of a watch is none of ADDED, MODIFIED, DELETED, BOOKMARK, ERROR");
    }
    auto incoming = makeIncoming(kind, nodeName, objectAt(*event, "object"));
    if (!incoming) {
        return std::unexpected(std::move(incoming).error());
    }
    return WatchEvent{.type = removed ? WatchEvent::Type::removed : WatchEvent::Type::put,
                      .incoming = *std::move(incoming)};
}

Result<ListEnd> takeListEnd(Kind kind, std::string_view shell) {
    const auto list = readKept(shell, {});
    const std::string expected = std::string(name(kind)) + "List";
    if (!list) {
        return std::unexpected(Error(list.error()).with("the answer to a list"));
    }
    if (stringAt(*list, "kind") != expected ||
        stringAt(*list, "apiVersion") != apiVersionOf(kind)) {
        return fail(0, "the answer to a list is no " + expected);
    }
    const Json& metadata = objectAt(*list, "metadata");
    ListEnd result{.version = stringAt(metadata, "resourceVersion"),
                   .continueToken = stringAt(metadata, "continue")};
    if (result.version.empty()) {
        return fail(0, "a " + expected + " has no resourceVersion");
    }
    return result;
}

} // namespace plimsoll::kube
