// SPDX-License-Identifier: Apache-2.0
// Pods that go: evictions with their budgets, deletions, and the end of their grace.
#include "tests/apiserver/authorizer.hpp"
#include "tests/apiserver/cluster.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace plimsoll::test::apiserver {

namespace {

const Json kEvicted = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Success"},
                       {"code", 201}};

constexpr int kDefaultGrace = 30; // seconds, of a pod that does not say

Outcome<Json> evictionIn(const Request& request, bool isOld) {
    const Json body = Json::parse(request.body, nullptr, false);
    if (body.is_discarded() || !body.is_object() || !body.contains("kind"))
        return std::unexpected(
            failure(400, "BadRequest",
                    fmt::format("the object provided is unrecognized (must be of type Eviction): "
                                "couldn't get version/kind; json parse error: unexpected end of "
                                "JSON input ({})",
                                request.body.empty() ? "<empty>" : request.body.substr(0, 200))));
    if (isOld && body.value("apiVersion", "") == "policy/v1")
        return std::unexpected(
            failure(400, "BadRequest",
                    "Eviction in version \"v1\" cannot be handled as a Eviction: no kind "
                    "\"Eviction\" is registered for version \"policy/v1\" in scheme "
                    "\"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""));
    if (body.value(Json::json_pointer("/metadata/name"), "") != request.name)
        return std::unexpected(
            failure(400, "BadRequest", "name in URL does not match name in Eviction object"));
    return body;
}

Reply preconditionFailed(const std::string& pod, const std::string& what) {
    return failure(409, "Conflict",
                   fmt::format("Operation cannot be fulfilled on Pod \"{}\": {}", pod, what),
                   {{"name", pod}, {"kind", "Pod"}});
}

std::optional<Reply> failedPrecondition(const Json& pod, const Json& options) {
    const Json wanted = options.value("preconditions", Json::object());
    const Json& metadata = pod.at("metadata");
    const std::string name = metadata.value("name", "");
    const std::string uid = wanted.value("uid", "");
    if (!uid.empty() && uid != metadata.value("uid", ""))
        return preconditionFailed(
            name, fmt::format("the UID in the precondition ({}) does not match the UID in record "
                              "({}). The object might have been deleted and then recreated",
                              uid, metadata.value("uid", "")));
    const std::string version = wanted.value("resourceVersion", "");
    if (!version.empty() && version != metadata.value("resourceVersion", ""))
        return preconditionFailed(
            name, fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                              "ResourceVersion in record ({}). The object might have been modified",
                              version, metadata.value("resourceVersion", "")));
    return std::nullopt;
}

std::string phaseOf(const Json& pod) {
    return pod.value(Json::json_pointer("/status/phase"), "Running");
}

bool hasEnded(const Json& pod) {
    return phaseOf(pod) == "Succeeded" || phaseOf(pod) == "Failed";
}

bool isTerminating(const Json& pod) {
    return pod.at("metadata").contains("deletionTimestamp");
}

int graceOf(const Json& pod, const Json& options) {
    const int own =
        pod.value(Json::json_pointer("/spec/terminationGracePeriodSeconds"), kDefaultGrace);
    const int asked = options.value("gracePeriodSeconds", own);
    return asked < 0 ? 1 : asked;
}

bool isGraceShorter(const Json& pod, int grace) {
    return !isTerminating(pod) || grace < pod.at("metadata").value("deletionGracePeriodSeconds", 0);
}

Json terminating(Json pod, int grace) {
    const auto now = std::chrono::system_clock::now();
    pod["metadata"]["deletionTimestamp"] = timestamp(now + std::chrono::seconds(grace));
    pod["metadata"]["deletionGracePeriodSeconds"] = grace;
    return pod;
}

bool covers(const Json& budget, const Json& pod) {
    const Json labels = pod.value(Json::json_pointer("/metadata/labels"), Json::object());
    const Json wanted =
        budget.value(Json::json_pointer("/spec/selector/matchLabels"), Json::object());
    if (budget.value(Json::json_pointer("/metadata/namespace"), "") !=
        pod.value(Json::json_pointer("/metadata/namespace"), ""))
        return false;
    for (const auto& [label, value] : wanted.items())
        if (labels.value(label, Json()) != value)
            return false;
    return true;
}

Reply overBudget(const std::string& why, bool isLater) {
    Json details = {{"causes", {{{"reason", "DisruptionBudget"}, {"message", why}}}}};
    if (isLater)
        details["retryAfterSeconds"] = 10;
    Reply reply =
        failure(429, "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.", details);
    if (isLater)
        reply.headers.emplace("Retry-After", "10");
    return reply;
}

} // namespace

std::optional<Reply> Cluster::blockedByBudget(const Request& request, const Json& pod) {
    std::vector<Json> budgets = store_.list("poddisruptionbudgets").objects;
    std::erase_if(budgets, [&](const Json& budget) { return !covers(budget, pod); });
    if (budgets.empty())
        return std::nullopt;
    if (budgets.size() > 1)
        return failure(500, "",
                       "This pod has more than one PodDisruptionBudget, which the eviction "
                       "subresource does not support.");
    const Json& budget = budgets.front();
    const std::string name = budget.at("metadata").value("name", "");
    const Json status = budget.value("status", Json::object());
    if (!status.contains("disruptionsAllowed"))
        return overBudget(
            fmt::format("The disruption budget {} is still being processed by the server.", name),
            true);
    const int allowed = status.value("disruptionsAllowed", 0);
    const int desired = status.value("desiredHealthy", 1);
    const int current = status.value("currentHealthy", 1);
    if (allowed <= 0 && current > desired) // an eviction that was allowed is not counted yet
        return overBudget(
            fmt::format("The disruption budget {} does not allow evicting pods currently", name),
            false);
    if (allowed <= 0)
        return overBudget(
            fmt::format("The disruption budget {} needs {} healthy pods and has {} currently", name,
                        desired, current),
            false);
    if (!request.isDryRun())
        store_.update({.plural = "poddisruptionbudgets", .space = request.space, .name = name},
                      [&](const Json& now) -> Outcome<Json> {
                          Json after = now;
                          after["status"]["disruptionsAllowed"] = allowed - 1;
                          return after;
                      });
    return std::nullopt;
}

/// Changes the pod in the store; the answer is the pod as it is then, also when it has gone.
Outcome<Json> Cluster::terminate(const Key& key, const Json& options, bool isDryRun) {
    Json shown;
    bool isLeaving = false;
    const auto changed = store_.update(key, [&](const Json& pod) -> Outcome<Json> {
        if (auto failed = failedPrecondition(pod, options))
            return std::unexpected(*failed);
        const int grace = hasEnded(pod) ? 0 : graceOf(pod, options);
        shown = isGraceShorter(pod, grace) ? terminating(pod, grace) : pod;
        isLeaving = shown != pod;
        if (isDryRun)
            return pod;
        return grace == 0 ? Json() : shown;
    });
    if (changed && !*changed)
        return std::unexpected(changed->error());
    if (isLeaving && !isDryRun) {
        const std::scoped_lock lock(mutex_);
        ends_[key] = std::chrono::steady_clock::now() +
                     std::chrono::seconds(shown["metadata"].value("deletionGracePeriodSeconds", 0));
    }
    return shown;
}

Reply Cluster::evict(const Request& original) {
    Request request = original;
    const Outcome<Json> eviction = evictionIn(request, isOld);
    if (!eviction)
        return eviction.error();
    const auto pod = store_.get(keyOf(request));
    if (!pod)
        return failure(404, "NotFound", fmt::format("pod \"{}\" not found", request.name),
                       {{"name", request.name}, {"kind", "pod"}});
    const std::string node = request.identity.node();
    if (!node.empty() && pod->value(Json::json_pointer("/spec/nodeName"), "") != node)
        return forbidden(
            request,
            fmt::format("node {} can only evict pods with spec.nodeName set to itself", node));
    const Json options = eviction->value("deleteOptions", Json::object());
    if (options.value("dryRun", Json::array()) == Json::array({"All"}))
        request.query["dryRun"] = "All";
    if (auto failed = failedPrecondition(*pod, options))
        return *failed;
    const bool isCharged = !hasEnded(*pod) && phaseOf(*pod) != "Pending" && !isTerminating(*pod);
    if (isCharged)
        if (auto blocked = blockedByBudget(request, *pod))
            return *blocked;
    if (request.isDryRun())
        return success(kEvicted, 201);
    if (!isOld && !hasEnded(*pod) && !isTerminating(*pod))
        store_.update(keyOf(request), [&](const Json& now) -> Outcome<Json> {
            Json after = now;
            after["status"]["conditions"].push_back(
                {{"type", "DisruptionTarget"},
                 {"status", "True"},
                 {"reason", "EvictionByEvictionAPI"},
                 {"message", "Eviction API: evicting"},
                 {"lastTransitionTime", timestamp(std::chrono::system_clock::now())}});
            return after;
        });
    Json plain = options; // the version was checked; the condition has just changed it
    if (plain.contains("preconditions"))
        plain["preconditions"].erase("resourceVersion");
    const auto gone = terminate(keyOf(request), plain, false);
    if (!gone)
        return gone.error();
    return success(kEvicted, 201);
}

Reply Cluster::remove(const Request& request) {
    const std::string node = request.identity.node();
    const auto object = store_.get(keyOf(request));
    if (!object)
        return notFound(request);
    if (!node.empty() && object->value(Json::json_pointer("/spec/nodeName"), "") != node)
        return forbidden(
            request,
            fmt::format("node \"{}\" can only delete pods with spec.nodeName set to itself", node));
    Json options = Json::parse(request.body, nullptr, false);
    if (!options.is_object())
        options = Json::object();
    if (!request.parameter("gracePeriodSeconds").empty())
        options["gracePeriodSeconds"] = request.number("gracePeriodSeconds");
    if (request.plural == "pods") {
        const auto terminated = terminate(keyOf(request), options, request.isDryRun());
        return terminated ? success(*terminated) : terminated.error();
    }
    if (!request.isDryRun())
        erase(keyOf(request));
    return success(*object);
}

void Cluster::removePodsPastTheirGrace() {
    if (!removesPods)
        return;
    std::vector<Key> due;
    {
        const std::scoped_lock lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        for (const auto& [key, end] : ends_)
            if (end <= now)
                due.push_back(key);
        for (const Key& key : due)
            ends_.erase(key);
    }
    for (const Key& key : due)
        store_.update(key, [](const Json& pod) -> Outcome<Json> {
            return isTerminating(pod) ? Json() : pod; // it may have come back under the same name
        });
}

} // namespace plimsoll::test::apiserver
