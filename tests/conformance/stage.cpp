// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/stage.hpp"

#include "kube/actions/scheduling.hpp"

#include <fmt/core.h>
#include <random>
#include <utility>

namespace plimsoll::conformance {
namespace {

constexpr int kNotFound = 404;

std::string uniqueName() {
    std::random_device chance;
    return fmt::format("plimsoll-conformance-{:08x}", chance());
}

/// As the strictest Pod Security Standard wants it. It runs only if a kubelet has that node.
Json podObject(const std::string& space, const std::string& name, const std::string& node) {
    const Json container = {
        {"name", "main"},
        {"image", "registry.k8s.io/pause:3.10"},
        {"securityContext",
         {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}}}};
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", name}, {"namespace", space}, {"labels", {{"app", name}}}}},
            {"spec",
             {{"nodeName", node},
              {"automountServiceAccountToken", false},
              {"securityContext",
               {{"runAsNonRoot", true},
                {"runAsUser", 65535},
                {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
              {"tolerations", {{{"operator", "Exists"}}}},
              {"containers", Json::array({container})}}}};
}

} // namespace

Json at(const Json& object, const std::string& pointer) {
    const Json::json_pointer path(pointer);
    return object.contains(path) ? object.at(path) : Json();
}

Stage::Stage(Options wanted)
    : options(std::move(wanted)), prefix(uniqueName()), node(loop, options.kubeconfig) {
    if (!options.adminKubeconfig.empty())
        admin.emplace(loop, options.adminKubeconfig);
}

bool Stage::until(const std::function<bool()>& holds) {
    return loop.runUntil(holds, options.patience);
}

Json Stage::ownNode() {
    const Reply reply = node.get(nodePath());
    return reply.isSuccess() ? reply.body : Json();
}

const kube::StoredObject* Stage::mirrored(kube::Kind kind, const std::string& name) const {
    const auto& objects = mirror->objects().of(kind);
    const auto found = objects.find(name);
    return found == objects.end() ? nullptr : &found->second;
}

Json Stage::mirroredJson(kube::Kind kind, const std::string& name) const {
    const auto* object = mirrored(kind, name);
    return object == nullptr ? Json() : Json::parse(object->json);
}

Reply Stage::addPod(const std::string& name, const std::string& onNode) {
    Reply created = admin->create(podsPath(), podObject(options.space, name, onNode));
    if (!created.isSuccess())
        return created;
    const std::string path = podsPath() + "/" + name;
    made(path + "?gracePeriodSeconds=0");
    const Json ready = {{"type", "Ready"}, {"status", "True"}};
    return admin->patch(path + "/status",
                        {{"status", {{"phase", "Running"}, {"conditions", Json::array({ready})}}}});
}

std::vector<std::string> Stage::cleanUp() {
    mirror.reset();
    std::vector<std::string> left;
    for (; !made_.empty(); made_.pop_back()) {
        const Reply reply = strongest().remove(made_.back());
        if (!reply.isSuccess() && reply.status != kNotFound)
            left.push_back(made_.back() + " (" + reply.text() + ")");
    }
    if (!isNodeMade && !nodeName.empty())
        releaseNode();
    return left;
}

/// Whatever a check that failed has left on a Node that stays.
void Stage::releaseNode() {
    const std::string mark(kube::kCordonAnnotation);
    const Json now = ownNode();
    const Json marks = at(now, "/metadata/annotations");
    if (marks.is_object() && marks.contains(mark))
        node.patch(nodePath(), {{"metadata", {{"annotations", {{mark, nullptr}}}}},
                                {"spec", {{"unschedulable", nullptr}}}});
}

} // namespace plimsoll::conformance
