// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/pod.hpp"

namespace plimsoll {

Millicores Pod::cpuRequest() const {
    Millicores sum;
    for (const auto& container : containers) {
        sum += container.cpuRequest.value_or(Millicores{});
    }
    return sum;
}

std::optional<Millicores> Pod::cpuLimit() const {
    if (containers.empty()) {
        return std::nullopt;
    }
    Millicores sum;
    for (const auto& container : containers) {
        if (!container.cpuLimit) {
            return std::nullopt;
        }
        sum += *container.cpuLimit;
    }
    return sum;
}

Millicores Pod::elasticCpu() const {
    Millicores sum;
    for (const auto& container : containers) {
        sum += container.elasticCpu.value_or(Millicores{});
    }
    return sum;
}

} // namespace plimsoll
