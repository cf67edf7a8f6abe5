// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.hpp"

#include <algorithm>

namespace plimsoll::kube {
namespace {

std::vector<std::string> decodeAllowedActions(const Field& field) {
    std::vector<std::string> result;
    for (const auto& item : field.items()) {
        auto name = item.requiredText("the metadata.name of an AvoidanceAction");
        if (name && std::ranges::find(result, *name) == result.end()) {
            result.push_back(*std::move(name));
        }
    }
    return result;
}

std::optional<HttpProbe> decodeProbe(const Field& probe) {
    if (!probe.present() || !probe.isMap()) {
        return std::nullopt;
    }
    probe.warnUnknown({"timeoutSeconds", "httpGet"});
    const Field http = probe.at("httpGet");
    if (!http.present()) {
        probe.warning("no httpGet: this probe asks nobody");
    }
    return decodeHttpProbe(http, probe.at("timeoutSeconds"));
}

} // namespace

PodQos decodePodQos(const Field& object) {
    PodQos result;
    const Field spec = object.at("spec");
    if (!spec.requiredMap("which actions are allowed on which pods")) {
        return result;
    }
    spec.warnUnknown(
        {"allowedActions", "labelSelector", "scopeSelector", "podQualityProbe", "resourceQOS"});
    const Field allowed = spec.at("allowedActions");
    result.allowedActions = decodeAllowedActions(allowed);
    if (result.allowedActions.empty() && !object.report().failed()) {
        allowed.warning("no action is allowed: this PodQOS has no effect");
    }
    result.labelSelector = decodeLabelSelector(spec.at("labelSelector"));
    result.scopeSelector = decodeScopeSelector(spec.at("scopeSelector"));
    // Crane knows no difference between an empty labelSelector and none, and neither selects
    // anything; only an empty scopeSelector selects every pod.
    if (result.labelSelector && result.labelSelector->requirements.empty()) {
        result.labelSelector.reset();
    }
    if (!result.labelSelector && !result.scopeSelector && !object.report().failed()) {
        spec.warning("matches no pod: give labelSelector or scopeSelector; an empty scopeSelector "
                     "('scopeSelector: {}') matches every pod");
    }
    result.probe = decodeProbe(spec.at("podQualityProbe"));
    checkPodSettings(spec);
    return result;
}

} // namespace plimsoll::kube
