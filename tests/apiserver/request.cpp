// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/request.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace plimsoll::test::apiserver {

namespace {

constexpr std::string_view kNodeUser = "system:node:";

std::vector<std::string> segmentsOf(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        if (end > 0)
            segments.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return segments;
}

std::string verbOf(const Request& request) {
    const bool one = !request.name.empty();
    if (request.method == "GET" || request.method == "HEAD") {
        if (one)
            return "get";
        return request.isSet("watch") ? "watch" : "list";
    }
    if (request.method == "POST")
        return "create";
    if (request.method == "PUT")
        return "update";
    if (request.method == "PATCH")
        return "patch";
    return one ? "delete" : "deletecollection";
}

} // namespace

bool Identity::isIn(std::string_view group) const {
    return std::ranges::find(groups, group) != groups.end();
}

std::string Identity::node() const {
    if (!isIn("system:nodes") || !user.starts_with(kNodeUser))
        return {};
    return user.substr(kNodeUser.size());
}

std::string Kind::apiVersion() const {
    return group.empty() ? version : group + "/" + version;
}

const std::vector<Kind>& allKinds() {
    static const std::string kRbac = "rbac.authorization.k8s.io";
    static const std::string kCrane = "ensurance.crane.io";
    static const std::vector<Kind> kinds{
        {"", "v1", "nodes", "Node", false, false},
        {"", "v1", "pods", "Pod", true, false},
        {"", "v1", "events", "Event", true, false},
        {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, false},
        {kRbac, "v1", "clusterroles", "ClusterRole", false, false},
        {kRbac, "v1", "clusterrolebindings", "ClusterRoleBinding", false, false},
        {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
         false, false},
        {kCrane, "v1alpha1", "nodeqoss", "NodeQOS", false, true},
        {kCrane, "v1alpha1", "podqoss", "PodQOS", false, true},
        {kCrane, "v1alpha1", "avoidanceactions", "AvoidanceAction", false, true},
    };
    return kinds;
}

const Kind* kindOf(std::string_view group, std::string_view plural) {
    const auto& kinds = allKinds();
    const auto found = std::ranges::find_if(
        kinds, [&](const Kind& kind) { return kind.group == group && kind.plural == plural; });
    return found == kinds.end() ? nullptr : &*found;
}

const Kind* kindOf(const Json& object) {
    if (!object.is_object())
        return nullptr;
    const auto& kinds = allKinds();
    const auto found = std::ranges::find_if(kinds, [&](const Kind& kind) {
        return object.value("kind", "") == kind.kind &&
               object.value("apiVersion", "") == kind.apiVersion();
    });
    return found == kinds.end() ? nullptr : &*found;
}

std::string Request::parameter(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? std::string{} : found->second;
}

long Request::number(const std::string& key) const {
    const std::string value = parameter(key);
    long number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
}

bool Request::isSet(const std::string& key) const {
    const std::string value = parameter(key);
    return value == "1" || value == "true";
}

std::string Request::qualifiedPlural() const {
    return group.empty() ? plural : plural + "." + group;
}

void readPath(Request& request) {
    std::vector<std::string> rest = segmentsOf(request.path);
    std::size_t next = 0;
    const auto take = [&] { return next < rest.size() ? rest[next++] : std::string{}; };
    const std::string root = take();
    if (root != "api" && root != "apis")
        return;
    if (root == "apis")
        request.group = take();
    request.version = take();
    request.plural = take();
    bool isLegacyWatch = request.plural == "watch";
    if (isLegacyWatch)
        request.plural = take();
    if (request.plural == "namespaces" && rest.size() > next + 1) {
        request.space = take();
        request.plural = take();
    }
    request.name = take();
    request.subresource = take();
    request.verb = isLegacyWatch ? "watch" : verbOf(request);
    if (isLegacyWatch) // the authorizer does not see the selector of this old form
        request.query.erase("fieldSelector");
}

Reply notFound(const Request& request) {
    Json details = {{"name", request.name}, {"kind", request.plural}};
    if (!request.group.empty())
        details["group"] = request.group;
    return failure(404, "NotFound",
                   fmt::format("{} \"{}\" not found", request.qualifiedPlural(), request.name),
                   std::move(details));
}

Reply conflict(const Request& request) {
    Json details = {{"name", request.name}, {"kind", request.plural}};
    if (!request.group.empty())
        details["group"] = request.group;
    return failure(409, "Conflict",
                   fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been "
                               "modified; please apply your changes to the latest version and "
                               "try again",
                               request.qualifiedPlural(), request.name),
                   std::move(details));
}

} // namespace plimsoll::test::apiserver
