// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace plimsoll::collector {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Of the character that `text` begins with; 0: it is none. RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF.
std::size_t utf8Length(std::string_view text) {
    const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const auto follow = [&](std::size_t at, unsigned low, unsigned high) {
        return at < text.size() && byte(at) >= low && byte(at) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return follow(1, 0x80, 0xbf) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool second = follow(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
        return second && follow(2, 0x80, 0xbf) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool second = follow(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
        return second && follow(2, 0x80, 0xbf) && follow(3, 0x80, 0xbf) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool isLabelName(std::string_view text) {
    return !text.empty() && !isDigit(text.front()) &&
           std::ranges::all_of(text, [](char c) { return isLetter(c) || isDigit(c); });
}

std::optional<std::size_t> firstBadByte(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8Length(text.substr(at));
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return std::nullopt;
}

std::optional<double> parseDouble(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-")) { // from_chars knows no plus
        text.remove_prefix(1);
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace plimsoll::collector
