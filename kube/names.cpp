// SPDX-License-Identifier: Apache-2.0
#include "kube/names.hpp"

#include <algorithm>
#include <cstddef>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestSubdomain = 253;

// Not <cctype>: its answers depend on the locale.
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLowerOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || isDigit(c);
}
bool isLetterOrDigit(char c) {
    return isLowerOrDigit(c) || (c >= 'A' && c <= 'Z');
}

bool isLabelWord(std::string_view text) {
    return !text.empty() && text.size() <= kLongestLabel && isLetterOrDigit(text.front()) &&
           isLetterOrDigit(text.back()) && std::ranges::all_of(text, [](char c) {
               return isLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
           });
}

bool isDnsWord(std::string_view text) {
    return !text.empty() && isLowerOrDigit(text.front()) && isLowerOrDigit(text.back()) &&
           std::ranges::all_of(text, [](char c) { return isLowerOrDigit(c) || c == '-'; });
}

} // namespace

bool isDns1123Label(std::string_view text) {
    return text.size() <= kLongestLabel && isDnsWord(text);
}

bool isDns1123Subdomain(std::string_view text) {
    if (text.size() > kLongestSubdomain) {
        return false;
    }
    while (true) {
        const std::size_t dot = text.find('.');
        if (!isDnsWord(text.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

bool isLabelKey(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return isLabelWord(text);
    }
    return isDns1123Subdomain(text.substr(0, slash)) && isLabelWord(text.substr(slash + 1));
}

bool isLabelValue(std::string_view text) {
    return text.empty() || isLabelWord(text);
}

bool isHttpToken(std::string_view text) {
    static constexpr std::string_view kAlso = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return isLetterOrDigit(c) || kAlso.find(c) != std::string_view::npos;
    });
}

} // namespace plimsoll::kube
