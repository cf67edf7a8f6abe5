// SPDX-License-Identifier: Apache-2.0
// The NodeRestriction admission: what a node may change of its own objects.
#include "tests/apiserver/authorizer.hpp"

#include <fmt/core.h>
#include <set>

namespace plimsoll::test::apiserver {

namespace {

Json at(const Json& object, const char* pointer) {
    return object.value(Json::json_pointer(pointer), Json());
}

/// Labels that the kubelet sets itself, and the domains of the node's own.
bool isLabelAllowed(const std::string& label) {
    static const std::set<std::string> kOwn{"kubernetes.io/hostname", "kubernetes.io/arch",
                                            "kubernetes.io/os"};
    const std::string domain = label.substr(0, label.find('/'));
    if (kOwn.contains(label) || domain == label)
        return true;
    if (domain.ends_with("node-restriction.kubernetes.io"))
        return false;
    const bool isKubernetes = domain == "kubernetes.io" || domain.ends_with(".kubernetes.io") ||
                              domain == "k8s.io" || domain.ends_with(".k8s.io");
    return !isKubernetes || domain == "node.kubernetes.io" ||
           domain.ends_with(".node.kubernetes.io") || domain == "kubelet.kubernetes.io";
}

Json labelsOf(const Json& object) {
    return object.value(Json::json_pointer("/metadata/labels"), Json::object());
}

std::string forbiddenLabels(const Json& before, const Json& after) {
    std::set<std::string> changed;
    for (const auto& [label, value] : after.items())
        if (before.value(label, Json()) != value)
            changed.insert(label);
    for (const auto& [label, value] : before.items())
        if (!after.contains(label))
            changed.insert(label);
    std::string list;
    for (const std::string& label : changed)
        if (!isLabelAllowed(label))
            list += (list.empty() ? "" : ", ") + label;
    return list;
}

std::optional<Reply> restrictNode(const Request& request, const Json& before, const Json& after) {
    const auto mayNot = [&](const std::string& what) {
        return forbidden(request, fmt::format("node \"{}\" is not allowed to modify {}",
                                              request.identity.node(), what));
    };
    if (at(before, "/metadata/ownerReferences") != at(after, "/metadata/ownerReferences"))
        return mayNot("ownerReferences");
    if (request.subresource.empty() && at(before, "/spec/taints") != at(after, "/spec/taints"))
        return mayNot("taints");
    const std::string labels = forbiddenLabels(labelsOf(before), labelsOf(after));
    if (!labels.empty())
        return forbidden(request, "is not allowed to modify labels: " + labels);
    return std::nullopt;
}

} // namespace

std::optional<Reply> restriction(const Request& request, const Json& before, const Json& after) {
    const std::string node = request.identity.node();
    if (node.empty())
        return std::nullopt;
    if (request.plural == "nodes")
        return restrictNode(request, before, after);
    if (request.plural != "pods" || request.subresource != "status")
        return std::nullopt;
    if (at(before, "/spec/nodeName") != node)
        return forbidden(request,
                         fmt::format("node \"{}\" can only update pod status for pods with "
                                     "spec.nodeName set to itself",
                                     node));
    if (labelsOf(before) != labelsOf(after))
        return forbidden(request,
                         fmt::format("node \"{}\" cannot update labels through pod status", node));
    return std::nullopt;
}

} // namespace plimsoll::test::apiserver
