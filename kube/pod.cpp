// SPDX-License-Identifier: Apache-2.0
// A Pod as kubectl prints it. Fields that are not looked for are no mistakes here: a real pod has
// hundreds.
#include "kube/decode.hpp"
#include "kube/names.hpp"
#include "kube/resources.hpp"
#include "kube/timestamp.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <map>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLongestUid = 63;
constexpr std::int64_t kLongestGracePeriod = std::numeric_limits<std::int32_t>::max(); // seconds

QosClass decodeQosClass(const Field& field, const Containers& containers,
                        const ContainerResources& podLevel) {
    const auto word = field.text();
    if (!word || word->empty()) {
        const bool podDecides = podLevel.cpuRequest || podLevel.memoryRequest;
        return podDecides ? computeQosClass({podLevel}) : computeQosClass(containers.all);
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

bool isOwnedBy(const Field& metadata, std::string_view kind) {
    const auto owners = metadata.at("ownerReferences").items();
    return std::ranges::any_of(owners,
                               [&](const Field& owner) { return owner.at("kind").text() == kind; });
}

/// kubelet names the cgroup of a static pod after the hash of its manifest, not after the uid of
/// the mirror pod that stands for it at the API server. Anybody can write the hash on a pod of his
/// and point at the cgroup of another; what is marked as a mirror pod, too, kubelet does not run.
PodUid decodeUid(const Field& metadata) {
    const Field annotations = metadata.at("annotations");
    const Field hash = annotations.at("kubernetes.io/config.hash");
    const bool mirror =
        annotations.at("kubernetes.io/config.mirror").present() && isOwnedBy(metadata, "Node");
    const Field field = mirror && hash.present() ? hash : metadata.at("uid");
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

/// It becomes the address of a probe.
std::string decodeIp(const Field& field) {
    auto ip = field.text().value_or("");
    in6_addr address{};
    if (!ip.empty() && ::inet_pton(AF_INET, ip.c_str(), &address) != 1 &&
        ::inet_pton(AF_INET6, ip.c_str(), &address) != 1) {
        field.error("must be an IP address");
    }
    return ip;
}

std::optional<std::chrono::seconds> decodeGracePeriod(const Field& field) {
    const auto seconds = field.integer(std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max());
    if (!seconds) {
        return std::nullopt;
    }
    // A negative one is 1 second for the API server, and there is no largest one.
    return std::chrono::seconds(*seconds < 0 ? 1 : std::min(*seconds, kLongestGracePeriod));
}

std::optional<std::int64_t> decodeStartTime(const Field& field) {
    const auto text = field.text();
    const auto time = text ? parseTimestamp(*text) : std::nullopt;
    if (text && !time) {
        field.error("must be a time such as 2024-05-01T10:00:00Z");
    }
    return time;
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
    result.uid = decodeUid(metadata);
    result.labels = metadata.at("labels").labels();
    result.mirror = isStatic(annotations);
    result.daemonSet = isOwnedBy(metadata, "DaemonSet");
    result.terminating = metadata.at("deletionTimestamp").present();
    result.priority = static_cast<std::int32_t>(spec.at("priority").integer().value_or(0));
    result.terminationGracePeriod = decodeGracePeriod(spec.at("terminationGracePeriodSeconds"));
    Containers containers = decodeContainers(spec);
    result.podLevel = decodeResources(spec.at("resources"));
    result.qosClass = decodeQosClass(status.at("qosClass"), containers, result.podLevel);
    result.containers = std::move(containers.running);
    result.startup = std::move(containers.startup);
    result.phase = decodePhase(status.at("phase"));
    result.ip = decodeIp(status.at("podIP"));
    result.startTime = decodeStartTime(status.at("startTime"));
    return result;
}

} // namespace plimsoll::kube
