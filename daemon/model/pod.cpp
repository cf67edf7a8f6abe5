// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/pod.hpp"

#include <algorithm>

namespace plimsoll {

namespace {

template <class Unit>
using Member = std::optional<Amount<Unit>> ContainerResources::*;

/// A request that is absent counts as 0.
template <class Unit>
Amount<Unit> effective(const Pod& pod, Member<Unit> amount) {
    if (const auto& own = pod.podLevel.*amount) {
        return *own;
    }
    Amount<Unit> sum;
    for (const auto& container : pod.containers) {
        sum += (container.*amount).value_or(Amount<Unit>{});
    }
    const auto startup = pod.startup ? (*pod.startup).*amount : std::nullopt;
    return std::max(sum, startup.value_or(Amount<Unit>{}));
}

/// None unless every container has one.
template <class Unit>
std::optional<Amount<Unit>> limitOf(const Pod& pod, Member<Unit> amount) {
    if (const auto& own = pod.podLevel.*amount) {
        return own;
    }
    const auto hasNone = [amount](const auto& container) { return !(container.*amount); };
    if (pod.containers.empty() || std::ranges::any_of(pod.containers, hasNone) ||
        (pod.startup && hasNone(*pod.startup))) {
        return std::nullopt;
    }
    return effective(pod, amount);
}

} // namespace

Millicores Pod::cpuRequest() const {
    return effective(*this, &ContainerResources::cpuRequest);
}

std::optional<Millicores> Pod::cpuLimit() const {
    return limitOf(*this, &ContainerResources::cpuLimit);
}

Millicores Pod::elasticCpu() const {
    return effective(*this, &ContainerResources::elasticCpu);
}

Bytes Pod::memoryRequest() const {
    return effective(*this, &ContainerResources::memoryRequest);
}

std::optional<Bytes> Pod::memoryLimit() const {
    return limitOf(*this, &ContainerResources::memoryLimit);
}

Bytes Pod::elasticMemory() const {
    return effective(*this, &ContainerResources::elasticMemory);
}

} // namespace plimsoll
