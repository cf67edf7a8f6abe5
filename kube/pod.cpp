// SPDX-License-Identifier: Apache-2.0
// A Pod as kubectl prints it. Fields that are not looked for are no mistakes here: a real pod has
// hundreds.
#include "kube/decode.hpp"
#include "kube/names.hpp"
#include "kube/timestamp.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace plimsoll::kube {
namespace {

constexpr double kMillicoresPerCpu = 1000;
constexpr std::size_t kLongestUid = 63;

template <class Amount>
std::optional<Amount> decodeAmount(const Field& field, double factor) {
    const auto value = field.quantity();
    if (!value) {
        return std::nullopt;
    }
    if (*value < 0) {
        field.error("must not be negative");
        return std::nullopt;
    }
    return Amount{*value * factor};
}

/// The limit of an extended resource, else its request; they are equal where both stand.
template <class Amount>
std::optional<Amount> decodeExtended(const Field& resources, std::string_view name, double factor) {
    const auto request = decodeAmount<Amount>(resources.at("requests").at(name), factor);
    const auto limit = decodeAmount<Amount>(resources.at("limits").at(name), factor);
    return limit ? limit : request;
}

ContainerResources decodeContainer(const Field& container) {
    ContainerResources result;
    result.name = container.at("name").text().value_or("");
    const Field resources = container.at("resources");
    resources.isMap();
    const Field requests = resources.at("requests");
    const Field limits = resources.at("limits");
    requests.isMap();
    limits.isMap();
    result.cpuRequest = decodeAmount<Millicores>(requests.at("cpu"), kMillicoresPerCpu);
    result.cpuLimit = decodeAmount<Millicores>(limits.at("cpu"), kMillicoresPerCpu);
    result.memoryRequest = decodeAmount<Bytes>(requests.at("memory"), 1);
    result.memoryLimit = decodeAmount<Bytes>(limits.at("memory"), 1);
    result.elasticCpu = decodeExtended<Millicores>(resources, "gocrane.io/cpu", kMillicoresPerCpu);
    result.elasticMemory = decodeExtended<Bytes>(resources, "gocrane.io/memory", 1);
    return result;
}

struct Containers {
    std::vector<ContainerResources> all;     ///< what the QoS class is computed from
    std::vector<ContainerResources> running; ///< containers and sidecars, without what only starts
};

Containers decodeContainers(const Field& spec) {
    Containers result;
    for (const auto& item : spec.at("initContainers").items()) {
        const auto container = decodeContainer(item);
        result.all.push_back(container);
        if (item.at("restartPolicy").text() == "Always") { // a sidecar
            result.running.push_back(container);
        }
    }
    for (const auto& item : spec.at("containers").items()) {
        result.all.push_back(decodeContainer(item));
        result.running.push_back(result.all.back());
    }
    return result;
}

/// pkg/apis/core/v1/helper/qos.ComputePodQOS. A limit without a request is its own request, which
/// the API server writes down when the pod is created.
QosClass computeQosClass(const std::vector<ContainerResources>& containers) {
    bool anything = false;
    bool guaranteed = !containers.empty();
    const auto look = [&](const auto& request, const auto& limit) {
        const double wanted = request ? request->value : (limit ? limit->value : 0);
        const double allowed = limit ? limit->value : 0;
        anything = anything || wanted > 0 || allowed > 0;
        guaranteed = guaranteed && allowed > 0 && wanted == allowed;
    };
    for (const auto& container : containers) {
        look(container.cpuRequest, container.cpuLimit);
        look(container.memoryRequest, container.memoryLimit);
    }
    if (!anything) {
        return QosClass::bestEffort;
    }
    return guaranteed ? QosClass::guaranteed : QosClass::burstable;
}

QosClass decodeQosClass(const Field& field, const Containers& containers) {
    const auto word = field.text();
    if (!word || word->empty()) {
        return computeQosClass(containers.all);
    }
    const auto known = qosClassFromName(*word);
    if (!known) {
        field.error("must be BestEffort, Burstable or Guaranteed");
    }
    return known.value_or(QosClass::unknown);
}

PodPhase decodePhase(const Field& field) {
    static const std::map<std::string, PodPhase, std::less<>> kPhases{
        {"Pending", PodPhase::pending},
        {"Running", PodPhase::running},
        {"Succeeded", PodPhase::succeeded},
        {"Failed", PodPhase::failed}};
    const auto word = field.text();
    if (!word || word->empty()) {
        return PodPhase::running; // a manifest without status describes a pod that is here
    }
    const auto known = kPhases.find(*word);
    return known == kPhases.end() ? PodPhase::unknown : known->second;
}

bool isUid(const std::string& text) {
    // It becomes a part of a path.
    return text.size() <= kLongestUid && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-';
           });
}

/// kubelet names the cgroup of a static pod after the hash of its manifest, not after the uid of
/// the mirror pod that stands for it at the API server.
PodUid decodeUid(const Field& metadata, const Field& annotations) {
    const Field hash = annotations.at("kubernetes.io/config.hash");
    const Field field = hash.present() ? hash : metadata.at("uid");
    auto uid = field.requiredText("the pod's cgroup is found by it").value_or("");
    if (!isUid(uid)) {
        field.error("must be letters, digits and '-', at most 63");
    }
    return PodUid(std::move(uid));
}

bool isStatic(const Labels& annotations) {
    const auto source = annotations.find("kubernetes.io/config.source");
    return annotations.contains("kubernetes.io/config.mirror") ||
           (source != annotations.end() && source->second != "api");
}

bool ownedByDaemonSet(const Field& ownerReferences) {
    const auto owners = ownerReferences.items();
    return std::ranges::any_of(
        owners, [](const Field& owner) { return owner.at("kind").text() == "DaemonSet"; });
}

} // namespace

Pod decodePod(const Field& object) {
    Pod result;
    const Field metadata = object.at("metadata");
    const Field spec = object.at("spec");
    const Field status = object.at("status");
    spec.isMap();
    status.isMap();
    result.namespaceName = metadata.at("namespace").text().value_or("default");
    if (!isDns1123Label(result.namespaceName)) {
        metadata.at("namespace").error("is not the name of a namespace");
    }
    const Labels annotations = metadata.at("annotations").labels();
    result.uid = decodeUid(metadata, metadata.at("annotations"));
    result.labels = metadata.at("labels").labels();
    result.mirror = isStatic(annotations);
    result.daemonSet = ownedByDaemonSet(metadata.at("ownerReferences"));
    result.terminating = metadata.at("deletionTimestamp").present();
    result.priority = static_cast<std::int32_t>(spec.at("priority").integer().value_or(0));
    Containers containers = decodeContainers(spec);
    result.qosClass = decodeQosClass(status.at("qosClass"), containers);
    result.containers = std::move(containers.running);
    result.phase = decodePhase(status.at("phase"));
    const Field startTime = status.at("startTime");
    if (const auto text = startTime.text()) {
        result.startTime = parseTimestamp(*text);
        if (!result.startTime) {
            startTime.error("must be a time such as 2024-05-01T10:00:00Z");
        }
    }
    return result;
}

} // namespace plimsoll::kube
