// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/run.hpp"

#include "kube/api/paths.hpp"
#include "kube/api/who_am_i.hpp"
#include "tests/conformance/check.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <optional>

namespace plimsoll::conformance {
namespace {

constexpr int kForbidden = 403;
constexpr int kConflict = 409;

Verdict credentials(Stage& stage) {
    const auto access = stage.node.access();
    if (!access)
        return failed(access.error().what);
    const auto& is = **access;
    if (stage.nodeName.empty())
        stage.nodeName = kube::nodeNameOf(is);
    return ok(fmt::format("{} names {}{}{}", is.origin, fmt::join(is.servers, ", "),
                          is.user.empty() ? ", by a token" : ", as " + is.user,
                          is.expires ? fmt::format(", until {:%FT%TZ}", *is.expires) : ""));
}

Verdict whoAmI(Stage& stage) {
    std::optional<std::optional<std::string>> known;
    const auto call = kube::whoAmI(stage.node.api(), [&](const auto& user) { known = user; });
    stage.until([&] { return known.has_value(); });
    if (!known)
        return failed("no answer");
    if (!*known)
        return stage.node.health().state == kube::ApiHealth::State::reachable
                   ? skipped("the server does not tell (before 1.28)")
                   : failed(stage.node.health().problem);
    const std::string name = kube::nodeNameOf({.user = **known});
    if (stage.nodeName.empty())
        stage.nodeName = name;
    return name == stage.nodeName ? ok("the server calls us " + **known)
                                  : failed("the server calls us " + **known +
                                           ", which is not system:node:" + stage.nodeName);
}

Verdict version(Stage& stage) {
    const Reply reply = stage.node.get("/version");
    return reply.isSuccess()
               ? ok(reply.body.value("gitVersion", "") + " on " + reply.body.value("platform", ""))
               : failed(reply.text());
}

std::size_t itemsOf(const Reply& list) {
    const Json items = at(list.body, "/items");
    return items.is_array() ? items.size() : 0;
}

/// Why this node is none to try things on; empty: it is one.
std::string reasonToStop(Stage& stage) {
    const auto path = kube::path::onlyNode(stage.nodeName);
    if (stage.nodeName.empty() || !path)
        return "the credentials do not say which node they are for; give --node";
    const Reply nodes = stage.node.get(*path);
    if (!nodes.isSuccess())
        return "cannot see whether Node " + stage.nodeName + " is there: " + nodes.text();
    const Reply pods = stage.node.get(*kube::path::podsOfNode(stage.nodeName));
    if (!pods.isSuccess())
        return "cannot see the pods of node " + stage.nodeName + ": " + pods.text();
    stage.isNodeMade = itemsOf(nodes) == 0;
    if (stage.options.isNodeKnown)
        return {};
    if (itemsOf(pods) > 0)
        return fmt::format("node {} has {} pods. It would be closed, and pods on it evicted; "
                           "--i-know if that does not matter",
                           stage.nodeName, itemsOf(pods));
    return stage.isNodeMade
               ? ""
               : "Node " + stage.nodeName + " was there before. Use a node of its own, or --i-know";
}

/// As a kubelet registers itself.
Verdict node(Stage& stage) {
    if (!stage.isNodeMade)
        return ok("Node " + stage.nodeName + " was there before, and stays");
    const Json object = {
        {"apiVersion", "v1"},
        {"kind", "Node"},
        {"metadata",
         {{"name", stage.nodeName}, {"labels", {{"kubernetes.io/hostname", stage.nodeName}}}}}};
    Reply created = stage.node.create("/api/v1/nodes", object);
    std::string by = "by itself";
    if (created.status == kForbidden && stage.admin) {
        created = stage.admin->create("/api/v1/nodes", object);
        by = "by the admin";
    }
    if (!created.isSuccess() && created.status != kConflict)
        return failed("cannot create Node " + stage.nodeName + ": " + created.text());
    stage.made(stage.nodePath());
    const Reply list = stage.node.get(*kube::path::onlyNode(stage.nodeName));
    return itemsOf(list) == 1
               ? ok("Node " + stage.nodeName + " was created " + by +
                    " and comes by its field selector")
               : failed("the list by metadata.name does not have it: " + list.text());
}

Verdict cleanUp(Stage& stage) {
    const auto left = stage.cleanUp();
    if (left.empty())
        return ok("everything that was made here is gone");
    const std::string what = fmt::format("still there: {}", fmt::join(left, ", "));
    return stage.admin ? failed(what) : skipped(what + "; without an admin nobody may delete it");
}

void runAll(Stage& stage, const std::vector<Check>& checks, Report& report) {
    for (const Check& check : checks) {
        try {
            report.add(check.name, check.needsAdmin && !stage.admin
                                       ? skipped("needs ADMIN_KUBECONFIG")
                                       : check.run(stage));
        } catch (const std::exception& wrong) { // an answer of a shape that nobody expected
            report.add(check.name, failed(wrong.what()));
        }
    }
}

int ended(Report& report, int code) {
    report.end();
    return code;
}

} // namespace

int run(const Options& options, Report& report) {
    static const std::vector<Check> kFirst{
        {"credentials", credentials}, {"who am I", whoAmI}, {"version", version}};
    static const std::vector<Check> kNode{{"node", node}};
    static const std::vector<Check> kLast{{"clean up", cleanUp}};
    Stage stage(options);
    stage.nodeName = options.node;
    runAll(stage, kFirst, report);
    if (const std::string reason = reasonToStop(stage); !reason.empty()) {
        report.add("safety", failed(reason));
        return ended(report, 2);
    }
    runAll(stage, kNode, report);
    for (const auto* room : {&manifestChecks(), &mirrorChecks(), &nodeChecks(), &evictionChecks(),
                             &watchChecks(), &kLast})
        runAll(stage, *room, report);
    return ended(report, report.count(Verdict::Kind::failed) == 0 ? 0 : 1);
}

} // namespace plimsoll::conformance
