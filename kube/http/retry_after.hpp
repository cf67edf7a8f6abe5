// SPDX-License-Identifier: Apache-2.0
// How long a server asks to be left alone.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace plimsoll::kube::http {

/// Of a header line "Retry-After: 10", a day at most. Other headers, and a date, are none.
std::optional<std::chrono::seconds> readRetryAfter(std::string_view line);

} // namespace plimsoll::kube::http
