// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/eviction_request.hpp"

#include "kube/actions/json_text.hpp"
#include "kube/api/paths.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;
using Kind = EvictionAnswer::Kind;

std::string_view name(PolicyVersion version) {
    return version == PolicyVersion::v1 ? "policy/v1" : "policy/v1beta1";
}

std::string nameOf(const EvictionOrder& order) {
    return "pod " + order.namespaceName + "/" + order.name;
}

bool says(const ApiStatus& status, std::string_view words) {
    return status.message.find(words) != std::string::npos;
}

EvictionAnswer answer(Kind kind, const EvictionOrder& order, const std::string& rest,
                      const ApiStatus& status) {
    return {.kind = kind, .text = nameOf(order) + rest, .retryAfter = status.retryAfter};
}

std::string acceptedText(const EvictionOrder& order) {
    return order.dryRun ? " could be evicted now"
                        : " is told to go within " +
                              std::to_string(std::max(order.grace.count(), std::int64_t{1})) + " s";
}

/// A disruption budget, the start of the server, or its flow control.
EvictionAnswer readTooMany(const EvictionOrder& order, const ApiStatus& status) {
    const auto budget =
        std::ranges::find(status.causes, "DisruptionBudget", &ApiStatus::Cause::reason);
    if (budget == status.causes.end()) {
        return answer(Kind::notNow, order,
                      " is not evicted now, the API server is busy: " + status.text(), status);
    }
    return answer(Kind::notNow, order,
                  " is not evicted now: " +
                      (budget->message.empty() ? status.message : budget->message),
                  status);
}

EvictionAnswer readConflict(const EvictionOrder& order, const ApiStatus& status) {
    if (says(status, "UID in the precondition")) {
        return answer(Kind::gone, order, " is another one by now, which has its name", status);
    }
    return answer(Kind::notNow, order,
                  " is not evicted now, others were changing it: " + status.text(), status);
}

/// From the server itself, not from something between here and there that knows no such page.
bool isNotFound(const ApiStatus& status) {
    return status.code == 404 && status.reason == "NotFound";
}

bool isForbidden(const ApiStatus& status) {
    return status.code == 401 || status.code == 403;
}

bool isForGood(const ApiStatus& status) {
    return status.code / 100 != 5 || says(status, "more than one PodDisruptionBudget");
}

/// A request that went on to its end behind the one who gave up on it; also a 500, which is what
/// becomes of etcd changing its leader. Only a server that says itself when to come again has not
/// begun.
bool isInDoubt(const ApiStatus& status) {
    return status.code / 100 == 5 &&
           !(status.code == 503 && !status.reason.empty() && status.retryAfter);
}

} // namespace

Result<ApiRequest> evictionRequest(const EvictionOrder& order, PolicyVersion version) {
    auto path = path::eviction(order.namespaceName, order.name);
    if (!path) {
        return std::unexpected(path.error());
    }
    // With 0 the object is removed at once, and its name given away, while the kubelet has not
    // stopped the containers.
    const auto grace = std::max(order.grace.count(), std::int64_t{1});
    Json options{{"gracePeriodSeconds", grace}, {"preconditions", {{"uid", order.uid.value}}}};
    if (order.dryRun) {
        options["dryRun"] = Json::array({"All"});
    }
    const Json body{{"apiVersion", name(version)},
                    {"kind", "Eviction"},
                    {"metadata", {{"name", order.name}, {"namespace", order.namespaceName}}},
                    {"deleteOptions", std::move(options)}};
    return ApiRequest{.method = http::Method::post,
                      .path = *std::move(path),
                      .contentType = "application/json",
                      .body = jsonText(body)};
}

bool lacksVersion(const ApiStatus& status, PolicyVersion version) {
    return status.code == 400 && says(status, "no kind \"Eviction\" is registered for version \"" +
                                                  std::string(name(version)) + "\"");
}

EvictionAnswer readEviction(const EvictionOrder& order, const ApiStatus& status) {
    if (status.isSuccess()) {
        return answer(Kind::accepted, order, acceptedText(order), status);
    }
    if (status.code == 429) {
        return readTooMany(order, status);
    }
    if (status.code == 409) {
        return readConflict(order, status);
    }
    if (isNotFound(status)) {
        return answer(Kind::gone, order, " is not there any more", status);
    }
    if (isForbidden(status)) {
        return answer(Kind::forbidden, order, " may not be evicted from here: " + status.text(),
                      status);
    }
    if (isForGood(status)) {
        return answer(Kind::refused, order, " cannot be evicted: " + status.text(), status);
    }
    if (isInDoubt(status)) {
        return answer(Kind::unknown, order, " may be evicted or not: " + status.text(), status);
    }
    return answer(Kind::notNow, order, " is not evicted now: " + status.text(), status);
}

} // namespace plimsoll::kube
