// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/pod.hpp"

#include <algorithm>

namespace plimsoll {

namespace {

/// What is absent counts as 0.
template <class Unit>
Amount<Unit> sumOf(const std::vector<ContainerResources>& containers,
                   std::optional<Amount<Unit>> ContainerResources::* amount) {
    Amount<Unit> sum;
    for (const auto& container : containers) {
        sum += (container.*amount).value_or(Amount<Unit>{});
    }
    return sum;
}

/// None unless every container has one.
template <class Unit>
std::optional<Amount<Unit>> limitOf(const std::vector<ContainerResources>& containers,
                                    std::optional<Amount<Unit>> ContainerResources::* amount) {
    const auto hasNone = [amount](const auto& container) { return !(container.*amount); };
    if (containers.empty() || std::ranges::any_of(containers, hasNone)) {
        return std::nullopt;
    }
    return sumOf(containers, amount);
}

} // namespace

Millicores Pod::cpuRequest() const {
    return sumOf(containers, &ContainerResources::cpuRequest);
}

std::optional<Millicores> Pod::cpuLimit() const {
    return limitOf(containers, &ContainerResources::cpuLimit);
}

Millicores Pod::elasticCpu() const {
    return sumOf(containers, &ContainerResources::elasticCpu);
}

Bytes Pod::memoryRequest() const {
    return sumOf(containers, &ContainerResources::memoryRequest);
}

std::optional<Bytes> Pod::memoryLimit() const {
    return limitOf(containers, &ContainerResources::memoryLimit);
}

Bytes Pod::elasticMemory() const {
    return sumOf(containers, &ContainerResources::elasticMemory);
}

} // namespace plimsoll
