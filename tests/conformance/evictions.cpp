// SPDX-License-Identifier: Apache-2.0
// Evictions: of the pod that was meant, of no other, and as budgets allow.
#include "kube/actions/evictions.hpp"

#include "tests/conformance/check.hpp"

#include <optional>

namespace plimsoll::conformance {
namespace {

using kube::EvictionAnswer;
using kube::EvictionOrder;
using kube::Kind;
using Outcome = EvictionAnswer::Kind;

/// One that no pod has.
constexpr const char* kNoUid = "00000000-0000-4000-8000-000000000000";
constexpr int kNotFound = 404;

EvictionAnswer evict(Stage& stage, const EvictionOrder& order) {
    kube::Evictions evictions(stage.node.api());
    std::optional<EvictionAnswer> answer;
    evictions.evict(order, [&](EvictionAnswer got) { answer = std::move(got); });
    stage.until([&] { return answer.has_value(); });
    return answer.value_or(EvictionAnswer{.text = "no answer"});
}

/// Nothing: there is no such pod.
std::optional<EvictionOrder> orderFor(Stage& stage, const std::string& suffix) {
    const std::string name = stage.prefix + suffix;
    const Json pod = stage.strongest().get(stage.podsPath() + "/" + name).body;
    const Json uid = at(pod, "/metadata/uid");
    if (!uid.is_string())
        return std::nullopt;
    return EvictionOrder{.namespaceName = stage.options.space,
                         .name = name,
                         .uid = PodUid(uid.get<std::string>()),
                         .grace = std::chrono::seconds(1)};
}

bool isLeft(Stage& stage, const EvictionOrder& order) {
    const Reply reply = stage.strongest().get(stage.podsPath() + "/" + order.name);
    return reply.isSuccess() && at(reply.body, "/metadata/deletionTimestamp").is_null();
}

Verdict dryRun(Stage& stage) {
    auto order = orderFor(stage, "-a");
    if (!order)
        return skipped("there is no pod for it");
    order->dryRun = true;
    const auto answer = evict(stage, *order);
    if (answer.kind != Outcome::accepted)
        return failed(answer.text);
    return isLeft(stage, *order) ? ok("it would be accepted, and the pod stays")
                                 : failed("the pod was evicted");
}

Verdict wrongUid(Stage& stage) {
    auto order = orderFor(stage, "-a");
    if (!order)
        return skipped("there is no pod for it");
    order->uid = PodUid(kNoUid);
    const auto answer = evict(stage, *order);
    return answer.kind == Outcome::gone && isLeft(stage, *order)
               ? ok("another pod of that name is left alone: " + answer.text)
               : failed(answer.text);
}

Verdict otherNode(Stage& stage) {
    const auto order = orderFor(stage, "-other");
    if (!order)
        return skipped("there is no pod for it");
    const auto answer = evict(stage, *order);
    return answer.kind == Outcome::forbidden && isLeft(stage, *order) ? ok(answer.text)
                                                                      : failed(answer.text);
}

Verdict byUid(Stage& stage) {
    const auto order = orderFor(stage, "-a");
    if (!order)
        return skipped("there is no pod for it");
    const auto answer = evict(stage, *order);
    if (answer.kind != Outcome::accepted)
        return failed(answer.text);
    const bool isTold = stage.until([&] {
        const Json pod = stage.mirroredJson(Kind::pod, stage.podKey(order->name));
        return pod.is_null() || !at(pod, "/metadata/deletionTimestamp").is_null();
    });
    return isTold ? ok("the pod is told to go, and the mirror has it")
                  : failed("the mirror does not have that the pod goes");
}

Json budget(const Stage& stage, const std::string& pod) {
    return {{"apiVersion", "policy/v1"},
            {"kind", "PodDisruptionBudget"},
            {"metadata", {{"name", stage.prefix}, {"namespace", stage.options.space}}},
            {"spec", {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", pod}}}}}}}};
}

Verdict disruptionBudget(Stage& stage) {
    auto order = orderFor(stage, "-b");
    if (!order)
        return skipped("there is no pod for it");
    order->dryRun = true;
    const std::string path =
        "/apis/policy/v1/namespaces/" + stage.options.space + "/poddisruptionbudgets";
    const Reply created = stage.strongest().create(path, budget(stage, order->name));
    if (created.status == kNotFound)
        return skipped("the server has no policy/v1 (before 1.21)");
    if (!created.isSuccess())
        return failed(created.text());
    stage.made(path + "/" + stage.prefix);
    EvictionAnswer answer;
    // Until the disruption controller has seen it the answer says when to ask again.
    stage.until([&] {
        answer = evict(stage, *order);
        const bool isFinal = answer.kind == Outcome::notNow && !answer.retryAfter;
        if (!isFinal)
            stage.loop.runFor(std::chrono::milliseconds(500));
        return isFinal;
    });
    if (answer.kind == Outcome::notNow && answer.retryAfter)
        return skipped("no disruption controller has seen the budget: " + answer.text);
    return answer.kind == Outcome::notNow ? ok("not now: " + answer.text) : failed(answer.text);
}

} // namespace

const std::vector<Check>& evictionChecks() {
    static const std::vector<Check> kChecks{{"eviction dry run", dryRun, true},
                                            {"eviction of a wrong UID refused", wrongUid, true},
                                            {"eviction on another node refused", otherNode, true},
                                            {"eviction by UID", byUid, true},
                                            {"disruption budget heeded", disruptionBudget, true}};
    return kChecks;
}

} // namespace plimsoll::conformance
