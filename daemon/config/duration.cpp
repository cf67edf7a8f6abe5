// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace plimsoll {
namespace {

struct Unit {
    std::string_view name;
    double milliseconds;
};

constexpr std::array<Unit, 7> kUnits{{{"ms", 1},
                                      {"s", 1000},
                                      {"sec", 1000},
                                      {"m", 60'000},
                                      {"min", 60'000},
                                      {"h", 3'600'000},
                                      {"d", 86'400'000}}};
/// Longer is no setting of a daemon.
constexpr double kLongest = 366.0 * 86'400'000;

} // namespace

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
    if (text.empty() || text[0] < '0' || text[0] > '9') { // no sign, no "inf"
        return std::nullopt;
    }
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    const auto* unit = std::ranges::find(kUnits, text, &Unit::name);
    if (error != std::errc{} || unit == kUnits.end()) {
        return std::nullopt;
    }
    const double value = number * unit->milliseconds;
    if (!(value <= kLongest) || value != std::trunc(value)) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(value));
}

std::string formatDuration(std::chrono::milliseconds value) {
    const auto count = value.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

} // namespace plimsoll
