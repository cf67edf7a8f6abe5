// SPDX-License-Identifier: Apache-2.0
// "500ms", "1s", "1.5s", "2min", "1h".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

/// The shortest of the same spellings.
std::string formatDuration(std::chrono::milliseconds value);

} // namespace plimsoll
