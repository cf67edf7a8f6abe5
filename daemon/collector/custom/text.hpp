// SPDX-License-Identifier: Apache-2.0
// What every source of custom metrics checks in text from outside.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace plimsoll::collector {

/// [a-zA-Z_][a-zA-Z0-9_]*, as Prometheus has it.
bool isLabelName(std::string_view text);

/// Where the first byte is that is no UTF-8, or is NUL: what D-Bus takes for a string has neither.
/// None: all of it is good.
std::optional<std::size_t> firstBadByte(std::string_view text);

/// All of `text`, without blanks: "12", "+0.5", "1e-3", "NaN", "-Inf". What does not fit a double
/// is none.
std::optional<double> parseDouble(std::string_view text);

} // namespace plimsoll::collector
