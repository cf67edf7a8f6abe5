// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/cluster.hpp"

#include "tests/apiserver/authorizer.hpp"
#include "tests/apiserver/patch.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace plimsoll::test::apiserver {

namespace {

Json versionObject(bool isOld) {
    return {{"major", "1"},
            {"minor", isOld ? "20" : "36"},
            {"gitVersion", isOld ? "v1.20.2" : "v1.36.2"},
            {"platform", "linux/amd64"}};
}

Json whoAmI(const Identity& identity) {
    return {{"kind", "SelfSubjectReview"},
            {"apiVersion", "authentication.k8s.io/v1"},
            {"metadata", {{"creationTimestamp", timestamp(std::chrono::system_clock::now())}}},
            {"status", {{"userInfo", {{"username", identity.user}, {"groups", identity.groups}}}}}};
}

Reply alreadyExists(const Request& request) {
    Json details = {{"name", request.name}, {"kind", request.plural}};
    if (!request.group.empty())
        details["group"] = request.group;
    return failure(409, "AlreadyExists",
                   fmt::format("{} \"{}\" already exists", request.qualifiedPlural(), request.name),
                   std::move(details));
}

Reply undecodable(const std::string& kind, const std::string& body) {
    return failure(400, "BadRequest",
                   fmt::format("the object provided is unrecognized (must be of type {}): couldn't "
                               "get version/kind; json parse error: unexpected end of JSON input "
                               "({})",
                               kind, body.empty() ? "<empty>" : body.substr(0, 200)));
}

Reply methodNotAllowed() {
    return failure(405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource",
                   Json::object());
}

/// The object in the body of a POST or PUT, with its names.
Outcome<Json> objectIn(const Request& request, const Kind& kind) {
    Json object = Json::parse(request.body, nullptr, false);
    if (object.is_discarded() || !object.is_object())
        return std::unexpected(undecodable(kind.kind, request.body));
    const std::string is = object.value("kind", "");
    if (is != kind.kind)
        return std::unexpected(failure(
            400, "BadRequest",
            fmt::format("{0} in version \"{1}\" cannot be handled as a {2}: converting (v1.{0}) to "
                        "(core.{2}): unknown conversion",
                        is, kind.version, kind.kind)));
    if (!object["metadata"].is_object())
        object["metadata"] = Json::object();
    return object;
}

/// A node registers itself, with a taint until it is ready, and mirrors its static pods.
std::optional<Reply> notCreatableByNodes(const Request& request, Json& object) {
    const std::string node = request.identity.node();
    if (node.empty())
        return std::nullopt;
    if (request.plural == "nodes" && request.name != node)
        return forbidden(request, fmt::format("node \"{}\" is not allowed to modify node \"{}\"",
                                              node, request.name));
    if (request.plural == "nodes")
        object["spec"]["taints"].push_back(
            {{"key", "node.kubernetes.io/not-ready"}, {"effect", "NoSchedule"}});
    const Json::json_pointer mirror("/metadata/annotations/kubernetes.io~1config.mirror");
    if (request.plural == "pods" && !object.contains(mirror))
        return forbidden(request, fmt::format("pod does not have \"kubernetes.io/config.mirror\" "
                                              "annotation, node \"{}\" can only create mirror pods",
                                              node));
    return std::nullopt;
}

std::string generatedName(const Json& object) {
    const std::string prefix = object.value(Json::json_pointer("/metadata/generateName"), "");
    return prefix.empty() ? prefix : prefix + randomUid().substr(0, 5);
}

} // namespace

bool isServed(const Kind& kind, const Store& store) {
    return !kind.isCustom || store.get({.plural = "customresourcedefinitions",
                                        .space = "",
                                        .name = kind.plural + "." + kind.group});
}

std::optional<Reply> Cluster::refuse(const Request& request) const {
    if (auto reply = refusal(request, store_, isOld))
        return reply;
    const Kind* kind = kindOf(request.group, request.plural);
    if (kind == nullptr || kind->version != request.version || !isServed(*kind, store_))
        return plainText(404, "404 page not found\n");
    return std::nullopt;
}

Reply Cluster::answer(const Request& request) {
    if (request.plural.empty() || request.plural == "selfsubjectreviews") {
        if (auto reply = refusal(request, store_, isOld))
            return *reply;
        if (request.path == "/version")
            return success(versionObject(isOld));
        if (!request.plural.empty())
            return success(whoAmI(request.identity), 201);
        return plainText(200, "ok");
    }
    // A wrong version of a known group is no resource at all, whoever asks.
    const Kind* kind = kindOf(request.group, request.plural);
    if (kind != nullptr && kind->version != request.version)
        return plainText(404, "404 page not found\n");
    if (auto reply = refuse(request))
        return *reply;
    if (request.verb == "get")
        return get(request);
    if (request.verb == "list")
        return list(request);
    if (request.verb == "create" && request.subresource == "eviction")
        return evict(request);
    if (request.verb == "create")
        return request.name.empty() ? create(request) : methodNotAllowed();
    if (request.verb == "patch" || request.verb == "update")
        return change(request);
    return request.verb == "delete" ? remove(request) : methodNotAllowed();
}

Reply Cluster::get(const Request& request) const {
    const auto object = store_.get(keyOf(request));
    return object ? success(*object) : notFound(request);
}

Reply Cluster::create(const Request& request) {
    const Kind& kind = *kindOf(request.group, request.plural);
    Outcome<Json> object = objectIn(request, kind);
    if (!object)
        return object.error();
    Request named = request;
    named.name = (*object)["metadata"].value("name", generatedName(*object));
    if (named.name.empty())
        return invalidField(kind.kind, "", "metadata.name", "FieldValueRequired",
                            "Required value: name or generateName is required");
    if (kind.isNamespaced && named.space.empty())
        return methodNotAllowed();
    if (kind.plural == "events")
        if (auto refused = invalidEvent(named, *object))
            return *refused;
    if (auto refused = notCreatableByNodes(named, *object))
        return *refused;
    if (store_.get(keyOf(named)))
        return alreadyExists(named);
    if (request.isDryRun())
        return success(*object, 201);
    const auto created = store_.create(keyOf(named), std::move(*object));
    return created ? success(*created, 201) : alreadyExists(named);
}

Reply Cluster::change(const Request& request) {
    const Kind& kind = *kindOf(request.group, request.plural);
    if (!request.subresource.empty() && (request.subresource != "status" || kind.isCustom))
        return notFound(request);
    Json dryRun;
    const auto changed = store_.update(keyOf(request), [&](const Json& before) -> Outcome<Json> {
        Outcome<Json> after = request.verb == "patch" ? patched(before, request, kind.isCustom)
                                                      : objectIn(request, kind);
        if (!after)
            return after;
        Outcome<Json> result = settled(request, before, std::move(*after));
        if (!result || !request.isDryRun())
            return result;
        dryRun = std::move(*result);
        return before;
    });
    if (!changed)
        return notFound(request);
    if (!*changed)
        return changed->error();
    return success(dryRun.is_null() ? **changed : dryRun);
}

bool Cluster::erase(const Key& key) {
    if (key.plural == "customresourcedefinitions")
        store_.removeAll(key.name.substr(0, key.name.find('.')));
    return store_.remove(key);
}

std::optional<Json> Cluster::apply(Json object) {
    const Kind* kind = kindOf(object);
    if (kind == nullptr || !object.contains("metadata"))
        return std::nullopt;
    const Json& metadata = object.at("metadata");
    const Key key{.plural = kind->plural,
                  .space = kind->isNamespaced ? metadata.value("namespace", "default") : "",
                  .name = metadata.value("name", "")};
    if (key.name.empty())
        return std::nullopt;
    if (auto created = store_.create(key, object))
        return created;
    const auto replaced = store_.update(key, [&](const Json& before) -> Outcome<Json> {
        Json after = object;
        for (const char* kept : {"uid", "creationTimestamp", "resourceVersion"})
            if (before["metadata"].contains(kept))
                after["metadata"][kept] = before["metadata"][kept];
        return after;
    });
    return replaced && *replaced ? std::optional(**replaced) : std::nullopt;
}

} // namespace plimsoll::test::apiserver
