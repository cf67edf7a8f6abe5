// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/wall_clock.hpp"

#include <array>
#include <ctime>

namespace plimsoll::kube {

WallTime wallNow() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string formatTimestamp(WallTime time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

} // namespace plimsoll::kube
