// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/text.hpp"

#include "kube/actions/json_text.hpp"

#include <cstdint>

namespace plimsoll::kube {
namespace {

constexpr std::string_view kCut = "…";

bool isContinuation(char c) {
    return (static_cast<std::uint8_t>(c) & 0xc0U) == 0x80;
}

std::string asUtf8(std::string_view text) {
    return nlohmann::json::parse(jsonText(text)).get<std::string>();
}

} // namespace

std::string shortened(std::string_view text, std::size_t most) {
    std::string result = asUtf8(text.substr(0, most + 1));
    if (result.size() <= most && text.size() <= most) {
        return result;
    }
    std::size_t end = most - kCut.size();
    while (end > 0 && isContinuation(result[end])) {
        --end;
    }
    return result.substr(0, end).append(kCut);
}

} // namespace plimsoll::kube
