// SPDX-License-Identifier: Apache-2.0
// RFC 3339, as metav1.Time writes it: "2024-05-01T10:00:00Z", with fraction and offset allowed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::kube {

/// Seconds since 1970, fractions dropped.
std::optional<std::int64_t> parseTimestamp(std::string_view text);

} // namespace plimsoll::kube
