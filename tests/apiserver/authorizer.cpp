// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/authorizer.hpp"

#include "tests/apiserver/selectors.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace plimsoll::test::apiserver {

namespace {

constexpr const char* kRbac = "rbac.authorization.k8s.io";

bool holds(const Json& list, const std::string& value) {
    return list.is_array() && std::ranges::any_of(list, [&](const Json& item) {
               return item == value || item == "*";
           });
}

bool ruleAllows(const Json& rule, const Request& request) {
    const std::string resource =
        request.subresource.empty() ? request.plural : request.plural + "/" + request.subresource;
    const Json names = rule.value("resourceNames", Json::array());
    return holds(rule.value("apiGroups", Json()), request.group) &&
           holds(rule.value("resources", Json()), resource) &&
           holds(rule.value("verbs", Json()), request.verb) &&
           (names.empty() || holds(names, request.name));
}

bool isBoundTo(const Json& binding, const Identity& identity) {
    const Json subjects = binding.value("subjects", Json::array());
    return std::ranges::any_of(subjects, [&](const Json& subject) {
        const std::string name = subject.value("name", "");
        const std::string kind = subject.value("kind", "");
        return (kind == "Group" && identity.isIn(name)) ||
               (kind == "User" && identity.user == name);
    });
}

bool rbacAllows(const Request& request, const Store& store) {
    for (const Json& binding : store.list("clusterrolebindings").objects) {
        if (!isBoundTo(binding, request.identity))
            continue;
        const std::string role = binding.value(Json::json_pointer("/roleRef/name"), "");
        const auto found = store.get({.plural = "clusterroles", .space = "", .name = role});
        if (!found)
            continue;
        const Json rules = found->value("rules", Json::array());
        if (std::ranges::any_of(rules, [&](const Json& rule) { return ruleAllows(rule, request); }))
            return true;
    }
    return false;
}

/// What the Node authorizer says: nothing when it allows, else its reason, which may be empty.
std::optional<std::string> nodeRefusesNodes(const Request& request, const std::string& node,
                                            bool isOld) {
    static const std::set<std::string> kWriting{"create", "update", "patch"};
    if (kWriting.contains(request.verb))
        return request.subresource.empty() || request.subresource == "status"
                   ? std::nullopt
                   : std::optional(std::string{});
    static const std::set<std::string> kReading{"get", "list", "watch"};
    if (!request.subresource.empty() || !kReading.contains(request.verb))
        return "";
    const auto selector = Selector::of(request);
    const std::string asked = request.verb == "get" ? request.name
                              : selector ? selector->required("metadata.name").value_or("")
                                         : std::string{};
    if (isOld || asked == node)
        return std::nullopt;
    return asked.empty()
               ? fmt::format("node '{}' cannot read all nodes, only its own Node object", node)
               : fmt::format("node '{}' cannot read '{}', only its own Node object", node, asked);
}

std::optional<std::string> nodeRefusesPods(const Request& request, const std::string& node,
                                           const Store& store, bool isOld) {
    static const std::set<std::string> kWriting{"pods/status patch", "pods/status update",
                                                "pods/eviction create", "pods delete",
                                                "pods create"};
    const std::string asked = request.subresource.empty() ? "pods" : "pods/" + request.subresource;
    if (kWriting.contains(asked + " " + request.verb))
        return std::nullopt;
    if (!request.subresource.empty())
        return "";
    if (request.verb == "list" || request.verb == "watch") {
        const auto selector = Selector::of(request);
        if (isOld || (selector && selector->required("spec.nodeName") == node))
            return std::nullopt;
        return "can only list/watch pods with spec.nodeName field selector";
    }
    if (request.verb != "get")
        return "";
    const auto pod = store.get(keyOf(request));
    if (pod && (isOld || pod->value(Json::json_pointer("/spec/nodeName"), "") == node))
        return std::nullopt;
    if (isOld) // the answer is then 404
        return std::nullopt;
    return fmt::format("no relationship found between node '{}' and this object", node);
}

std::optional<std::string> nodeRefuses(const Request& request, const Store& store, bool isOld) {
    static const std::set<std::string> kEvents{"create", "patch", "update"};
    const std::string node = request.identity.node();
    if (node.empty())
        return "";
    if (request.group.empty() && request.plural == "nodes")
        return nodeRefusesNodes(request, node, isOld);
    if (request.group.empty() && request.plural == "pods")
        return nodeRefusesPods(request, node, store, isOld);
    const bool areEvents = request.group.empty() && request.plural == "events";
    if (areEvents && kEvents.contains(request.verb))
        return std::nullopt;
    return "";
}

bool isOpenToAll(const Request& request, bool isOld) {
    static const std::set<std::string> kPaths{"/version", "/readyz", "/livez",
                                              "/healthz", "/api",    "/apis"};
    if (kPaths.contains(request.path))
        return request.identity.user != "system:anonymous" || request.path != "/api";
    if (request.identity.user == "system:anonymous")
        return false;
    return request.plural == "selfsubjectreviews" && request.verb == "create" && !isOld;
}

Json forbiddenDetails(const Request& request, const std::string& name) {
    Json details = {{"kind", request.plural}};
    if (!request.group.empty())
        details["group"] = request.group;
    if (!name.empty())
        details["name"] = name;
    return details;
}

/// A list by name is refused with that name.
std::string nameOf(const Request& request) {
    if (!request.name.empty())
        return request.name;
    const auto selector = Selector::of(request);
    return selector ? selector->required("metadata.name").value_or("") : std::string{};
}

Reply notAllowed(const Request& request, const std::string& reason) {
    if (request.plural.empty())
        return failure(403, "Forbidden",
                       fmt::format("forbidden: User \"{}\" cannot get path \"{}\"",
                                   request.identity.user, request.path),
                       Json::object());
    const std::string resource =
        request.subresource.empty() ? request.plural : request.plural + "/" + request.subresource;
    const std::string where = request.space.empty()
                                  ? "at the cluster scope"
                                  : fmt::format("in the namespace \"{}\"", request.space);
    return forbidden(request,
                     fmt::format("User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}{}{}",
                                 request.identity.user, request.verb, resource, request.group,
                                 where, reason.empty() ? "" : ": ", reason));
}

} // namespace

Reply forbidden(const Request& request, const std::string& reason) {
    const std::string name = nameOf(request);
    const std::string what = name.empty()
                                 ? request.qualifiedPlural()
                                 : fmt::format("{} \"{}\"", request.qualifiedPlural(), name);
    return failure(403, "Forbidden", fmt::format("{} is forbidden: {}", what, reason),
                   forbiddenDetails(request, name));
}

std::optional<Reply> refusal(const Request& request, const Store& store, bool isOld) {
    if (request.identity.isIn("system:masters") || isOpenToAll(request, isOld))
        return std::nullopt;
    const std::string node = request.identity.node();
    const auto reason =
        request.plural.empty() ? std::optional(std::string{}) : nodeRefuses(request, store, isOld);
    if (reason && !rbacAllows(request, store))
        return notAllowed(request, *reason);
    // NodeRestriction, which no role lifts.
    const bool isWrite = request.verb != "get" && request.verb != "list" && request.verb != "watch";
    if (!node.empty() && isWrite && request.verb != "create" && request.plural == "nodes" &&
        request.name != node)
        return forbidden(request, fmt::format("node \"{}\" is not allowed to modify node \"{}\"",
                                              node, request.name));
    if (!node.empty() && request.plural == "pods" && request.verb == "patch" &&
        request.subresource.empty())
        return notAllowed(request, "");
    return std::nullopt;
}

} // namespace plimsoll::test::apiserver
