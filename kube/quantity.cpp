// SPDX-License-Identifier: Apache-2.0
// Grammar: k8s.io/apimachinery/pkg/api/resource, type Quantity.
#include "kube/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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

std::unexpected<Error> outOfRange() {
    return fail(0, "quantities end at 2^63, and at 1e-308 towards 0");
}

/// One conversion of the whole decimal: "80.5" and "500m" become the nearest double.
Result<double> toDouble(std::string digits, std::string_view exponent) {
    digits += exponent;
    std::erase(digits, '+');
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return outOfRange();
    }
    return value;
}

/// What to write after the digits, for somebody who wrote something else there.
std::unexpected<Error> badSuffix(std::string_view digits, std::string_view suffix) {
    if (std::ranges::any_of(suffix, [](char c) { return c == ' ' || c == '\t' || c == '\n'; })) {
        return fail(0, "there is no space in a quantity");
    }
    if (digits == "0" && (suffix[0] == 'x' || suffix[0] == 'X')) {
        return fail(0, "quantities are decimal");
    }
    return fail(0, "the suffix is one of n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent as "
                   "in 1e3");
}

Result<double> scaled(const std::string& digits, std::string_view suffix) {
    if (isExponent(suffix)) {
        return toDouble(digits, suffix);
    }
    const auto* known = std::ranges::find(kSuffixes, suffix, &Suffix::text);
    if (known == kSuffixes.end()) {
        return badSuffix(digits, suffix);
    }
    auto value = toDouble(digits, known->exponent);
    if (value) {
        *value *= known->factor;
    }
    return value;
}

} // namespace

Result<double> parseQuantity(std::string_view text) {
    if (text.empty()) {
        return fail(0, "it is empty");
    }
    if (text.size() > kLongest) {
        return fail(0, "it is longer than 64 characters");
    }
    const bool negative = text[0] == '-';
    if (negative || text[0] == '+') {
        text.remove_prefix(1);
    }
    const auto digitsEnd =
        std::ranges::find_if(text, [](char c) { return !isDigit(c) && c != '.'; });
    const std::string digits(text.begin(), digitsEnd);
    if (std::ranges::none_of(digits, isDigit)) {
        return fail(0, "it does not begin with a number");
    }
    if (std::ranges::count(digits, '.') > 1) {
        return fail(0, "a number has one point at most");
    }
    const auto value = scaled(digits, text.substr(digits.size()));
    if (value && !(*value <= kLargestQuantity)) {
        return outOfRange();
    }
    return value && negative ? -*value : value;
}

} // namespace plimsoll::kube
