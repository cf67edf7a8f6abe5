// SPDX-License-Identifier: Apache-2.0
// What every source of custom metrics checks in text from outside.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace plimsoll::collector {

/// Of one series. Labels are shown in reasons, in the journal and on D-Bus.
inline constexpr std::size_t kMostLabels = 16;
inline constexpr std::size_t kLongestLabelName = 63;   // bytes
inline constexpr std::size_t kLongestLabelValue = 253; // bytes

/// [a-zA-Z_][a-zA-Z0-9_]*, as Prometheus has it.
bool isLabelName(std::string_view text);

/// Where the first byte is that is no UTF-8, or is NUL: what D-Bus takes for a string has neither.
/// None: all of it is good.
std::optional<std::size_t> firstBadByte(std::string_view text);

/// All of `text`, without blanks: "12", "+0.5", "1e-3", "NaN", "-Inf". What does not fit a double
/// is none.
std::optional<double> parseDouble(std::string_view text);

} // namespace plimsoll::collector
