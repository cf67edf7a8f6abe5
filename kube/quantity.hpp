// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities: "80.5", "500m", "4", "2Gi", "1e3", "-1".
#pragma once

#include "daemon/model/error.hpp"

#include <string_view>

namespace plimsoll::kube {

/// 2^63: where the API server's own arithmetic ends.
inline constexpr double kLargestQuantity = 9223372036854775808.0;

/// A decimal, never rounded to an integer. The error says what is wrong with the text.
Result<double> parseQuantity(std::string_view text);

} // namespace plimsoll::kube
