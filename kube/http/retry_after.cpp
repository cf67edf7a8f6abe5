// SPDX-License-Identifier: Apache-2.0
#include "kube/http/retry_after.hpp"

#include <algorithm>

namespace plimsoll::kube::http {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

char lowered(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

} // namespace

std::optional<std::chrono::seconds> readRetryAfter(std::string_view line) {
    constexpr std::string_view kName = "retry-after:";
    constexpr std::chrono::seconds kLongest = std::chrono::days(1);
    if (!std::ranges::equal(line.substr(0, kName.size()), kName, {}, &lowered)) {
        return std::nullopt;
    }
    const auto value = trimmed(line.substr(kName.size()));
    if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    std::chrono::seconds result{0};
    for (const char digit : value) {
        result = std::min(kLongest, result * 10 + std::chrono::seconds(digit - '0'));
    }
    return result;
}

} // namespace plimsoll::kube::http
