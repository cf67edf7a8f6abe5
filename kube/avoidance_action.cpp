// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.hpp"

#include <algorithm>
#include <cstddef>

namespace plimsoll::kube {
namespace {

constexpr std::ptrdiff_t kLongestDescription = 1024; // as the CRD has it
constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();

/// As the API server counts: code points of UTF-8.
std::ptrdiff_t charactersOf(const std::string& text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

std::optional<int> decodeRatio(const Field& percent) {
    const auto value = percent.integer(0, 100);
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<CpuThrottle> decodeCpuThrottle(const Field& cpuThrottle) {
    if (!cpuThrottle.present() || !cpuThrottle.isMap()) {
        return std::nullopt;
    }
    cpuThrottle.warnUnknown({"minCPURatio", "stepCPURatio"});
    CpuThrottle result;
    result.minCpuRatio = decodeRatio(cpuThrottle.at("minCPURatio")).value_or(0);
    const Field step = cpuThrottle.at("stepCPURatio");
    const auto ratio = decodeRatio(step);
    result.stepCpuRatio = ratio.value_or(0);
    if (ratio == 0 || !step.present()) {
        step.warning("no step: this throttle never changes anything");
    }
    return result;
}

std::optional<MemoryThrottle> decodeMemoryThrottle(const Field& memoryThrottle) {
    if (!memoryThrottle.present() || !memoryThrottle.isMap()) {
        return std::nullopt;
    }
    memoryThrottle.warnUnknown({"forceGC", "minMemoryRatio", "stepMemoryRatio"});
    MemoryThrottle result;
    result.forceGc = memoryThrottle.at("forceGC").boolean().value_or(false);
    result.minMemoryRatio = decodeRatio(memoryThrottle.at("minMemoryRatio")).value_or(0);
    result.stepMemoryRatio = decodeRatio(memoryThrottle.at("stepMemoryRatio")).value_or(0);
    if (!result.forceGc && result.stepMemoryRatio == 0 && !memoryThrottle.report().failed()) {
        memoryThrottle.warning("neither forceGC nor stepMemoryRatio: this throttle never changes "
                               "anything");
    }
    return result;
}

std::optional<Eviction> decodeEviction(const Field& eviction) {
    if (!eviction.present() || !eviction.isMap()) {
        return std::nullopt;
    }
    eviction.warnUnknown({"terminationGracePeriodSeconds"});
    Eviction result;
    if (const auto grace = eviction.at("terminationGracePeriodSeconds").integer(0, kLargest)) {
        result.terminationGracePeriod = std::chrono::seconds(*grace);
    }
    return result;
}

} // namespace

AvoidanceAction decodeAvoidanceAction(const Field& object) {
    AvoidanceAction result;
    const Field spec = object.at("spec");
    if (!spec.requiredMap("what the action does")) {
        return result;
    }
    spec.warnUnknown({"description", "coolDownSeconds", "throttle", "eviction"});
    result.description = spec.at("description").text().value_or("");
    if (charactersOf(result.description) > kLongestDescription) {
        spec.at("description").error("is longer than 1024 characters");
    }
    if (const auto coolDown = spec.at("coolDownSeconds").integer(1, kLargest)) {
        result.coolDown = std::chrono::seconds(*coolDown);
    }
    const Field throttle = spec.at("throttle");
    throttle.warnUnknown({"cpuThrottle", "memoryThrottle"});
    result.cpuThrottle = decodeCpuThrottle(throttle.at("cpuThrottle"));
    result.memoryThrottle = decodeMemoryThrottle(throttle.at("memoryThrottle"));
    result.eviction = decodeEviction(spec.at("eviction"));
    return result;
}

} // namespace plimsoll::kube
