// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/access.hpp"

#include <string_view>

namespace plimsoll::kube {

std::string nodeNameOf(const Access& access) {
    constexpr std::string_view kPrefix = "system:node:";
    return access.user.starts_with(kPrefix) ? access.user.substr(kPrefix.size()) : std::string();
}

} // namespace plimsoll::kube
