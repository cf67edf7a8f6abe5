// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace plimsoll::kube {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kNull{""sv, "~"sv, "null"sv, "Null"sv, "NULL"sv};
constexpr std::array kTrue{"y"sv,    "Y"sv,    "yes"sv, "Yes"sv, "YES"sv, "true"sv,
                           "True"sv, "TRUE"sv, "on"sv,  "On"sv,  "ON"sv};
constexpr std::array kFalse{"n"sv,     "N"sv,     "no"sv,  "No"sv,  "NO"sv, "false"sv,
                            "False"sv, "FALSE"sv, "off"sv, "Off"sv, "OFF"sv};
constexpr std::array kNan{".nan"sv, ".NaN"sv, ".NAN"sv};
constexpr std::array kInfinity{".inf"sv, ".Inf"sv, ".INF"sv};

template <std::size_t N>
bool isOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

/// 0x1f, 0b101, 0o17 and, as YAML 1.1 has it, 017.
int takeBase(std::string_view& digits) {
    if (digits.size() < 2 || digits[0] != '0') {
        return 10;
    }
    switch (digits[1]) {
    case 'x': digits.remove_prefix(2); return 16;
    case 'b': digits.remove_prefix(2); return 2;
    case 'o': digits.remove_prefix(2); return 8;
    default: digits.remove_prefix(1); return 8;
    }
}

bool resolveInteger(std::string_view word, YamlNode& node) {
    const bool negative = word.starts_with('-');
    if (negative || word.starts_with('+')) {
        word.remove_prefix(1);
    }
    const int base = takeBase(word);
    std::uint64_t magnitude = 0;
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), magnitude, base);
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (word.empty() || error != std::errc{} || end != word.data() + word.size() ||
        magnitude > kLargest) {
        return false;
    }
    const auto value = static_cast<std::int64_t>(magnitude);
    node.kind = YamlNode::Kind::integer;
    node.integer = negative ? -value : value;
    node.number = static_cast<double>(node.integer);
    return true;
}

bool resolveNumber(std::string_view word, YamlNode& node) {
    std::string_view digits = word;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    double value = 0;
    if (isOneOf(digits, kInfinity)) {
        value = std::numeric_limits<double>::infinity();
    } else if (isOneOf(word, kNan)) {
        value = std::numeric_limits<double>::quiet_NaN();
    } else {
        // from_chars knows "inf" and "nan", which are words in YAML.
        if (digits.empty() || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9'))) {
            return false;
        }
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) {
            return false;
        }
    }
    node.number = negative ? -value : value;
    node.kind = YamlNode::Kind::number;
    // 2.0 and 1e3 become the JSON numbers 2 and 1000 on their way to the API server.
    constexpr double kExact = 9007199254740992.0; // 2^53
    if (std::abs(node.number) <= kExact && std::trunc(node.number) == node.number) {
        node.kind = YamlNode::Kind::integer;
        node.integer = static_cast<std::int64_t>(node.number);
    }
    return true;
}

} // namespace

void resolvePlainScalar(YamlNode& node) {
    const std::string_view word = node.text;
    if (isOneOf(word, kNull)) {
        node.kind = YamlNode::Kind::null;
        return;
    }
    if (isOneOf(word, kTrue) || isOneOf(word, kFalse)) {
        node.kind = YamlNode::Kind::boolean;
        node.boolean = isOneOf(word, kTrue);
        return;
    }
    std::string digits(word);
    if (word[0] != '_') {
        std::erase(digits, '_'); // 1_000 is a number in YAML 1.1
    }
    if (!resolveInteger(digits, node) && !resolveNumber(digits, node)) {
        node.kind = YamlNode::Kind::text;
    }
}

} // namespace plimsoll::kube
