// SPDX-License-Identifier: Apache-2.0
#include "kube/timestamp.hpp"

#include <charconv>
#include <chrono>

namespace plimsoll::kube {
namespace {

/// Takes exactly `digits` digits off the front.
std::optional<int> takeDigits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) {
        return std::nullopt;
    }
    const std::string_view word = text.substr(0, digits);
    if (word.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    int value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view oneOf) {
    if (text.empty() || oneOf.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// "Z", "+02:00".
std::optional<std::chrono::minutes> parseOffset(std::string_view text) {
    if (text == "Z" || text == "z") {
        return std::chrono::minutes(0);
    }
    const bool west = text.starts_with('-');
    if (!take(text, "+-")) {
        return std::nullopt;
    }
    const auto hours = takeDigits(text, 2);
    const bool colon = take(text, ":");
    const auto minutes = takeDigits(text, 2);
    if (!hours || !colon || !minutes || !text.empty() || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return west ? -offset : offset;
}

} // namespace

std::optional<std::int64_t> parseTimestamp(std::string_view text) {
    using namespace std::chrono;
    const auto yearNumber = takeDigits(text, 4);
    const bool firstDash = take(text, "-");
    const auto monthNumber = takeDigits(text, 2);
    const bool secondDash = take(text, "-");
    const auto dayNumber = takeDigits(text, 2);
    const bool letter = take(text, "Tt ");
    const auto hour = takeDigits(text, 2);
    const bool firstColon = take(text, ":");
    const auto minute = takeDigits(text, 2);
    const bool secondColon = take(text, ":");
    const auto second = takeDigits(text, 2);
    if (!yearNumber || !firstDash || !monthNumber || !secondDash || !dayNumber || !letter ||
        !hour || !firstColon || !minute || !secondColon || !second) {
        return std::nullopt;
    }
    if (take(text, ".")) {
        const std::size_t digits = text.find_first_not_of("0123456789");
        if (digits == 0 || digits == std::string_view::npos) {
            return std::nullopt;
        }
        text.remove_prefix(digits);
    }
    const auto offset = parseOffset(text);
    const year_month_day date{year(*yearNumber), month(static_cast<unsigned>(*monthNumber)),
                              day(static_cast<unsigned>(*dayNumber))};
    constexpr int kLeapSecond = 60;
    if (!offset || !date.ok() || *hour > 23 || *minute > 59 || *second > kLeapSecond) {
        return std::nullopt;
    }
    const auto moment =
        sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) - *offset;
    return duration_cast<seconds>(moment.time_since_epoch()).count();
}

} // namespace plimsoll::kube
