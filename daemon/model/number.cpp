// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/number.hpp"

#include <array>
#include <charconv>

namespace plimsoll {

std::string formatNumber(double value) {
    std::array<char, 64> buffer{};
    const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                             std::chars_format::fixed, 1);
    if (status != std::errc{}) {
        return "?";
    }
    std::string text(buffer.data(), end);
    if (text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    return text;
}

} // namespace plimsoll
