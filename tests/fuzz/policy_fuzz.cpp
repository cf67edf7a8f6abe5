// SPDX-License-Identifier: Apache-2.0
#include "kube/policy_directory.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::fuzz {
namespace {

bool isOneLine(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void checkProbe(const std::optional<HttpProbe>& probe) {
    if (!probe) {
        return;
    }
    require(probe->port > 0, "a probe has a port");
    require(probe->path.starts_with('/'), "a path begins with a slash");
    require(isOneLine(probe->host) && isOneLine(probe->path), "a request line is one line");
    require(probe->path.find(' ') == std::string::npos, "a request line has three words");
    require(probe->timeout.count() > 0, "a probe ends");
    for (const auto& [name, value] : probe->headers) {
        require(!name.empty() && isOneLine(name) && isOneLine(value), "a header is one line");
    }
}

void checkPod(const Pod& pod) {
    require(!pod.uid.empty() && pod.uid.value.find('/') == std::string::npos,
            "a uid is one part of a path");
    require(pod.cpuRequest().value >= 0 && pod.memoryRequest().value >= 0 &&
                pod.elasticCpu().value >= 0 && pod.elasticMemory().value >= 0,
            "requests are not negative");
    require(!pod.cpuLimit() || pod.cpuLimit()->value > 0, "a limit is more than nothing");
    require(!pod.terminationGracePeriod || pod.terminationGracePeriod->count() >= 0,
            "a grace period is not negative");
}

void checkStatuses(const PolicySet& set) {
    const auto accepted = std::ranges::count(set.objects, true, &ObjectStatus::accepted);
    require(static_cast<std::size_t>(accepted) ==
                set.nodeQos.size() + set.podQos.size() + set.actions.size(),
            "what is accepted is there");
    for (const ObjectStatus& object : set.objects) {
        require(object.accepted || !object.problems.empty(), "a refused object is told why");
    }
}

} // namespace

void fuzzPolicy(std::string_view text) {
    PolicySet set;
    kube::decodeObjects(text, "fuzz.yaml", set);
    kube::checkReferences(set);
    for (const Refusal& refusal : set.refusals) {
        require(!refusal.reason.empty(), "a refusal says why");
        require(refusal.line >= 0, "lines count from 1");
    }
    for (const NodeQos& policy : set.nodeQos) {
        require(!policy.name.empty(), "a policy has a name");
        checkProbe(policy.probe);
        for (const Rule& rule : policy.rules) {
            require(std::isfinite(rule.watermark), "a watermark is a number");
            require(rule.avoidanceThreshold > 0 && rule.restoreThreshold > 0,
                    "thresholds are at least 1");
        }
    }
    for (const AvoidanceAction& action : set.actions) {
        if (action.cpuThrottle) {
            const auto& [floor, step] = *action.cpuThrottle;
            require(floor >= 0 && floor <= 100 && step >= 0 && step <= 100,
                    "ratios are percentages");
        }
        if (action.memoryThrottle) {
            const auto& [reclaim, floor, step] = *action.memoryThrottle;
            require(floor >= 0 && floor <= 100 && step >= 0 && step <= 100,
                    "ratios are percentages");
        }
    }
    std::ranges::for_each(set.podQos, [](const PodQos& policy) { checkProbe(policy.probe); });
    std::ranges::for_each(set.pods, checkPod);
    checkStatuses(set);
}

} // namespace plimsoll::fuzz
