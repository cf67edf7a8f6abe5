// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_targets.hpp"

#include "daemon/analyzer/compiled_policy.hpp"
#include "daemon/analyzer/selectors.hpp"

#include <algorithm>

namespace plimsoll::collector {
namespace {

/// Whoever owns a pod decides what it answers, and it is read on the loop.
constexpr std::size_t kLargestPodAnswer = std::size_t{256} * 1024; // bytes

/// A server that hangs must not keep its place among the requests for hours.
constexpr std::chrono::seconds kLongestTimeout{30};
constexpr std::chrono::seconds kLongestPodTimeout{10}; // of those there are hundreds

std::string urlOf(const HttpProbe& probe, const std::string& defaultHost) {
    const auto& host = probe.host.empty() ? defaultHost : probe.host;
    const bool six = host.find(':') != std::string::npos;
    return std::string(probe.https ? "https://" : "http://") + (six ? "[" + host + "]" : host) +
           ":" + std::to_string(probe.port) + probe.path;
}

kube::http::Request requestOf(const HttpProbe& probe, const std::string& defaultHost,
                              const ProbeSettings& settings) {
    return {.url = urlOf(probe, defaultHost),
            .headers = probe.headers,
            .timeout = std::min(probe.timeout, kLongestTimeout),
            .caFile = settings.caFile};
}

std::string pointerOf(const std::string& metric, const ProbeSettings& settings) {
    const auto spec = std::ranges::find(settings.metrics, metric, &MetricSpec::name);
    return spec == settings.metrics.end() || spec->jsonPointer.empty() ? metric : spec->jsonPointer;
}

Expected expectedOf(const NodeQos& nodeQos, const ProbeSettings& settings,
                    bool (*isBuiltin)(std::string_view)) {
    Expected expected;
    for (const auto& rule : nodeQos.rules) {
        if (isBuiltin(rule.metric) ||
            std::ranges::find(expected.plain, rule.metric) != expected.plain.end()) {
            continue;
        }
        expected.plain.push_back(rule.metric);
        expected.json.push_back({rule.metric, pointerOf(rule.metric, settings)});
    }
    return expected;
}

/// A pod's answer need not have all that other pods' answers have.
Expected expectedOf(const PodQos& podQos, const ProbeSettings& settings) {
    Expected expected{.plain = {podQos.name}, .json = {}, .everyMember = false};
    for (const auto& spec : settings.metrics) {
        if (!spec.jsonPointer.empty()) {
            expected.json.push_back({spec.name, spec.jsonPointer});
        }
    }
    return expected;
}

ProbeTarget targetOf(const PodQos& podQos, const HttpProbe& probe, const Pod& pod,
                     const ProbeSettings& settings) {
    ProbeTarget target;
    target.source = "PodQOS/" + podQos.name + " (" + pod.fullName() + ")";
    target.expected = expectedOf(podQos, settings);
    target.pod = pod.uid;
    target.labels = analyzer::seriesLabels(pod);
    if (probe.host.empty() && pod.ip.empty()) {
        target.obstacle = "the address of the pod is not known";
    } else {
        target.request = requestOf(probe, pod.ip, settings);
        target.request.largestBody = kLargestPodAnswer;
        target.request.timeout =
            std::min<std::chrono::milliseconds>(target.request.timeout, kLongestPodTimeout);
    }
    return target;
}

/// One that is going away has closed its port already.
bool answers(const Pod& pod) {
    return pod.phase == PodPhase::running && !pod.terminating;
}

} // namespace

std::vector<ProbeTarget> probeTargets(const PolicySet& policy, const ProbeSettings& settings,
                                      bool (*isBuiltin)(std::string_view name)) {
    std::vector<ProbeTarget> targets;
    for (const auto& nodeQos : policy.nodeQos) {
        if (nodeQos.probe && analyzer::selectsNode(nodeQos, policy.node)) {
            targets.push_back({.source = "NodeQOS/" + nodeQos.name,
                               .request = requestOf(*nodeQos.probe, "127.0.0.1", settings),
                               .expected = expectedOf(nodeQos, settings, isBuiltin),
                               .nodeQos = nodeQos.name});
        }
    }
    for (const auto& podQos : policy.podQos) {
        if (!podQos.probe) {
            continue;
        }
        for (const auto& pod : policy.pods) {
            if (answers(pod) && analyzer::selects(podQos, pod)) {
                targets.push_back(targetOf(podQos, *podQos.probe, pod, settings));
            }
        }
    }
    return targets;
}

} // namespace plimsoll::collector
