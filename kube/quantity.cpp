// SPDX-License-Identifier: Apache-2.0
// Grammar: k8s.io/apimachinery/pkg/api/resource, type Quantity.
#include "kube/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLongest = 64;

struct Suffix {
    std::string_view text;
    std::string_view exponent; ///< decimal; empty: `factor` instead
    double factor = 1;
};

constexpr std::array<Suffix, 16> kSuffixes{{
    {"", "", 1},
    {"n", "e-9"},
    {"u", "e-6"},
    {"m", "e-3"},
    {"k", "e3"},
    {"M", "e6"},
    {"G", "e9"},
    {"T", "e12"},
    {"P", "e15"},
    {"E", "e18"},
    {"Ki", "", 1024.0},
    {"Mi", "", 1024.0 * 1024},
    {"Gi", "", 1024.0 * 1024 * 1024},
    {"Ti", "", 1024.0 * 1024 * 1024 * 1024},
    {"Pi", "", 1024.0 * 1024 * 1024 * 1024 * 1024},
    {"Ei", "", 1024.0 * 1024 * 1024 * 1024 * 1024 * 1024},
}};

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// "e3", "E-2": digits after the letter, at least one.
bool isExponent(std::string_view text) {
    if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) {
        return false;
    }
    text.remove_prefix(text[1] == '-' || text[1] == '+' ? 2 : 1);
    return !text.empty() && text.size() <= 3 && std::ranges::all_of(text, isDigit);
}

std::optional<double> toDouble(std::string digits, std::string_view exponent) {
    // One conversion of the whole decimal: "80.5" and "500m" become the nearest double.
    digits += exponent;
    std::erase(digits, '+');
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<double> parseQuantity(std::string_view text) {
    if (text.empty() || text.size() > kLongest) {
        return std::nullopt;
    }
    const bool negative = text[0] == '-';
    if (negative || text[0] == '+') {
        text.remove_prefix(1);
    }
    const auto numberEnd =
        std::ranges::find_if(text, [](char c) { return !isDigit(c) && c != '.'; });
    const std::string number(text.begin(), numberEnd);
    const std::string_view suffix = text.substr(number.size());
    if (std::ranges::count(number, '.') > 1 || std::ranges::none_of(number, isDigit)) {
        return std::nullopt;
    }
    std::optional<double> value;
    if (isExponent(suffix)) {
        value = toDouble(number, suffix);
    } else {
        const auto* known = std::ranges::find(kSuffixes, suffix, &Suffix::text);
        if (known == kSuffixes.end()) {
            return std::nullopt;
        }
        value = toDouble(number, known->exponent);
        value = value ? std::optional(*value * known->factor) : value;
    }
    if (!value || !std::isfinite(*value) || *value > kLargestQuantity) {
        return std::nullopt;
    }
    return negative ? -*value : *value;
}

} // namespace plimsoll::kube
