// SPDX-License-Identifier: Apache-2.0
// What is done to the Node: cordon, taint, condition, Events.
#include "kube/actions/events.hpp"
#include "kube/actions/node_condition.hpp"
#include "kube/actions/scheduling.hpp"
#include "tests/conformance/check.hpp"

#include <optional>

namespace plimsoll::conformance {
namespace {

using kube::Kind;
using kube::Scheduling;
using State = NodeClosure::State;

constexpr const char* kCondition = "interference-identified";

/// The Node in the mirror has come up with the one of the server.
bool catchUp(Stage& stage) {
    const Json now = at(stage.ownNode(), "/metadata/resourceVersion");
    return now.is_string() && stage.until([&] {
        const auto* node = stage.mirrored(Kind::node, stage.nodeName);
        return node != nullptr && node->resourceVersion == now.get<std::string>();
    });
}

Result<void> close(Stage& stage, Scheduling& scheduling) {
    std::optional<Result<void>> result;
    scheduling.observe(stage.mirrored(Kind::node, stage.nodeName));
    scheduling.close({{.policy = stage.prefix, .rule = "cpu"}}, [&](auto done) { result = done; });
    stage.until([&] { return result.has_value(); });
    return result.value_or(fail(ETIMEDOUT, "closing the node was not answered"));
}

Result<void> open(Stage& stage, Scheduling& scheduling) {
    std::optional<Result<void>> result;
    scheduling.observe(stage.mirrored(Kind::node, stage.nodeName));
    scheduling.open([&](auto done) { result = done; });
    stage.until([&] { return result.has_value(); });
    return result.value_or(fail(ETIMEDOUT, "opening the node was not answered"));
}

bool isClosed(const Json& node) {
    return at(node, "/spec/unschedulable") == true;
}

bool isMarked(const Json& node) {
    const Json marks = at(node, "/metadata/annotations");
    return marks.is_object() && marks.contains(std::string(kube::kCordonAnnotation));
}

Reply setClosed(Stage& stage, const Json& value) {
    return stage.node.patch(stage.nodePath(), {{"spec", {{"unschedulable", value}}}});
}

Verdict cordon(Stage& stage) {
    if (isClosed(stage.ownNode()))
        return skipped("the node is closed already");
    Scheduling scheduling(stage.node.api(), stage.nodeName, std::nullopt);
    if (!catchUp(stage))
        return failed("the Node did not come into the mirror");
    if (const auto closed = close(stage, scheduling); !closed)
        return failed(closed.error().what);
    const Json node = stage.ownNode();
    if (!isClosed(node) || !isMarked(node))
        return failed("the node is not closed and marked: " + at(node, "/spec").dump());
    if (scheduling.closure().state != State::ours)
        return failed("the closure does not count as ours");
    return ok("the node is closed, and marked as closed by us");
}

Verdict uncordon(Stage& stage) {
    if (!isMarked(stage.ownNode()))
        return skipped("the node was not closed by us");
    Scheduling scheduling(stage.node.api(), stage.nodeName, std::nullopt); // as after a restart
    if (!catchUp(stage))
        return failed("the Node did not come into the mirror");
    if (const auto opened = open(stage, scheduling); !opened)
        return failed(opened.error().what);
    const Json node = stage.ownNode();
    return isClosed(node) || isMarked(node) ? failed("the node is not open: " + node.dump())
                                            : ok("the node is open, and the mark is gone");
}

Verdict foreignCordon(Stage& stage) {
    if (isClosed(stage.ownNode()))
        return skipped("the node is closed already");
    if (const Reply reply = setClosed(stage, true); !reply.isSuccess())
        return failed(reply.text());
    Scheduling scheduling(stage.node.api(), stage.nodeName, std::nullopt);
    const bool caughtUp = catchUp(stage);
    const auto closed = close(stage, scheduling);
    const auto opened = open(stage, scheduling);
    const Json node = stage.ownNode();
    setClosed(stage, nullptr);
    if (!caughtUp)
        return failed("the Node did not come into the mirror");
    if (closed || opened || closed.error().code != EEXIST || opened.error().code != EEXIST)
        return failed("it was taken for ours");
    return isClosed(node) && !isMarked(node) ? ok("left alone: " + opened.error().what)
                                             : failed("it was changed: " + node.dump());
}

Verdict taint(Stage& stage) {
    if (isClosed(stage.ownNode()))
        return skipped("the node is closed already");
    const std::string key = "plimsoll.org/" + stage.prefix;
    Scheduling scheduling(stage.node.api(), stage.nodeName,
                          kube::TaintSetting{.key = key, .value = "", .effect = "NoSchedule"});
    if (!catchUp(stage))
        return failed("the Node did not come into the mirror");
    const auto closed = close(stage, scheduling);
    const std::string warning = scheduling.warning();
    const Json node = stage.ownNode();
    const auto opened = open(stage, scheduling);
    if (!closed || !opened)
        return failed((closed ? opened : closed).error().what);
    if (at(node, "/spec/taints").dump().find(key) != std::string::npos)
        return failed("these credentials may set taints; those of a node may not");
    if (!isClosed(node) || warning.empty())
        return failed("the node was not closed without it");
    return ok("left out: " + warning);
}

Json conditionOf(const Stage& stage) {
    const Json all = at(stage.mirroredJson(Kind::node, stage.nodeName), "/status/conditions");
    for (const Json& one : all.is_array() ? all : Json::array())
        if (one.value("type", "") == kCondition)
            return one;
    return {};
}

Verdict condition(Stage& stage) {
    const bool wasThere = !conditionOf(stage).is_null();
    kube::NodeCondition condition(stage.loop.raw(), stage.node.api(), stage.nodeName);
    condition.observe(stage.mirrored(Kind::node, stage.nodeName));
    for (const bool identified : {true, false}) {
        condition.want(identified, "Conformance", "a test of " + stage.prefix);
        const std::string status = identified ? "True" : "False";
        if (!stage.until([&] {
                const Json now = conditionOf(stage);
                return now.is_object() && now.value("status", "") == status;
            }))
            return failed("it did not become " + status + ": " + condition.problem());
    }
    if (!stage.isNodeMade && !wasThere)
        stage.node.patch(
            stage.nodePath() + "/status",
            {{"status", {{"conditions", {{{"$patch", "delete"}, {"type", kCondition}}}}}}});
    return ok("it became True, then False, and came back on the watch");
}

/// How many the server shows; they are deleted. Nodes may not read Events.
std::size_t takeEvents(Stage& stage, const std::string& space, const std::string& about) {
    const std::string path = "/api/v1/namespaces/" + space + "/events";
    const Reply list = stage.admin->get(path + "?fieldSelector=involvedObject.name%3D" + about);
    std::size_t found = 0;
    const Json items = at(list.body, "/items");
    for (const Json& event : items.is_array() ? items : Json::array()) {
        const bool isOurs = event.value("message", "").find(stage.prefix) != std::string::npos;
        if (isOurs &&
            stage.admin->remove(path + "/" + event["metadata"].value("name", "")).isSuccess())
            ++found;
    }
    return found;
}

Verdict events(Stage& stage) {
    const std::string podName = stage.prefix + "-a";
    const Json pod = stage.mirroredJson(Kind::pod, stage.podKey(podName));
    kube::EventRecorder recorder(stage.loop.raw(), stage.node.api(), stage.nodeName);
    std::size_t wanted = 1;
    recorder.record({.reason = "Conformance", .message = "about the node, " + stage.prefix});
    if (!pod.is_null()) {
        ++wanted;
        recorder.record({.reason = "Conformance",
                         .message = "about the pod, " + stage.prefix,
                         .namespaceName = stage.options.space,
                         .podName = podName,
                         .podUid = at(pod, "/metadata/uid")});
    }
    stage.until([&] { return recorder.counts().created + recorder.counts().failed >= wanted; });
    if (recorder.counts().created != wanted)
        return failed("the server did not take them");
    const std::string what = wanted == 2 ? "one on the node and one on a pod" : "one on the node";
    if (!stage.admin)
        return ok(what + "; they expire by themselves");
    const std::size_t found = takeEvents(stage, "default", stage.nodeName) +
                              (wanted == 2 ? takeEvents(stage, stage.options.space, podName) : 0);
    return found == wanted ? ok(what + ", as the admin sees them")
                           : failed("the admin does not see them");
}

} // namespace

const std::vector<Check>& nodeChecks() {
    static const std::vector<Check> kChecks{{"cordon", cordon},
                                            {"uncordon", uncordon},
                                            {"foreign cordon refused", foreignCordon},
                                            {"taint refused", taint},
                                            {"condition", condition},
                                            {"events", events}};
    return kChecks;
}

} // namespace plimsoll::conformance
