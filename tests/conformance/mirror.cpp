// SPDX-License-Identifier: Apache-2.0
// What the mirror holds, and what never comes into it.
#include "tests/conformance/check.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace plimsoll::conformance {
namespace {

using kube::Kind;

const char* const kPolicies = "/apis/ensurance.crane.io/v1alpha1/nodeqoss";

/// For no node at all, and never acting.
Json policy(const Stage& stage, const std::string& watermark) {
    const Json rule = {{"name", "cpu"},
                       {"metricRule", {{"name", "cpu_total_utilization"}, {"value", watermark}}},
                       {"actionName", stage.prefix},
                       {"strategy", "Preview"}};
    return {{"apiVersion", "ensurance.crane.io/v1alpha1"},
            {"kind", "NodeQOS"},
            {"metadata", {{"name", stage.prefix}}},
            {"spec",
             {{"selector", {{"matchLabels", {{"plimsoll.org/conformance", stage.prefix}}}}},
              {"rules", Json::array({rule})}}}};
}

std::string mirroredWatermark(const Stage& stage) {
    const Json value =
        at(stage.mirroredJson(Kind::nodeQos, stage.prefix), "/spec/rules/0/metricRule/value");
    return value.is_string() ? value.get<std::string>() : "";
}

Verdict mirror(Stage& stage) {
    stage.mirror.emplace(stage.loop.raw(), stage.node.api(), stage.nodeName);
    if (stage.until([&] { return stage.mirror->complete(); })) {
        std::string sizes;
        for (const Kind kind : kube::kKinds)
            sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ",
                                 stage.mirror->objects().of(kind).size(), kube::name(kind));
        return ok("all five kinds are listed: " + sizes);
    }
    std::string problems;
    for (const Kind kind : kube::kKinds)
        if (!stage.mirror->state(kind).listed)
            problems += fmt::format("{}{}: {}", problems.empty() ? "" : "; ", kube::name(kind),
                                    stage.mirror->state(kind).problem);
    return failed(problems);
}

Verdict follows(Stage& stage) {
    const bool all = stage.until([&] {
        return std::ranges::all_of(kube::kKinds,
                                   [&](Kind kind) { return stage.mirror->state(kind).following; });
    });
    return all ? ok("five watches are open") : failed("not every kind is followed");
}

Verdict created(Stage& stage) {
    const Reply reply = stage.admin->create(kPolicies, policy(stage, "90"));
    if (!reply.isSuccess())
        return failed(reply.text());
    stage.made(std::string(kPolicies) + "/" + stage.prefix);
    return stage.until([&] { return mirroredWatermark(stage) == "90"; })
               ? ok("it came")
               : failed("it did not come");
}

Verdict changed(Stage& stage) {
    const Reply reply = stage.admin->patch(std::string(kPolicies) + "/" + stage.prefix,
                                           {{"spec", policy(stage, "91").at("spec")}},
                                           "application/merge-patch+json");
    if (!reply.isSuccess())
        return failed(reply.text());
    return stage.until([&] { return mirroredWatermark(stage) == "91"; })
               ? ok("the change came")
               : failed("the change did not come");
}

Verdict deleted(Stage& stage) {
    const Reply reply = stage.admin->remove(std::string(kPolicies) + "/" + stage.prefix);
    if (!reply.isSuccess())
        return failed(reply.text());
    return stage.until([&] { return stage.mirrored(Kind::nodeQos, stage.prefix) == nullptr; })
               ? ok("it went")
               : failed("it did not go");
}

Verdict pods(Stage& stage) {
    const std::string elsewhere = stage.prefix + "-other";
    for (const auto& [name, node] :
         {std::pair(elsewhere, elsewhere), std::pair(stage.prefix + "-a", stage.nodeName),
          std::pair(stage.prefix + "-b", stage.nodeName)})
        if (const Reply reply = stage.addPod(name, node); !reply.isSuccess())
            return failed("cannot create pod " + name + ": " + reply.text());
    const bool came = stage.until([&] {
        return at(stage.mirroredJson(Kind::pod, stage.podKey(stage.prefix + "-b")),
                  "/status/phase") == "Running";
    });
    if (!came)
        return failed("the pods of this node did not come");
    for (const auto& [name, object] : stage.mirror->objects().of(Kind::pod))
        if (at(Json::parse(object.json), "/spec/nodeName") != stage.nodeName)
            return failed(name + " is not of this node");
    return ok("two pods of this node came, and the one of another node, made before, did not");
}

} // namespace

const std::vector<Check>& mirrorChecks() {
    static const std::vector<Check> kChecks{
        {"mirror complete", mirror},       {"mirror follows", follows},
        {"policy created", created, true}, {"policy changed", changed, true},
        {"policy deleted", deleted, true}, {"pods of this node only", pods, true}};
    return kChecks;
}

} // namespace plimsoll::conformance
