// SPDX-License-Identifier: Apache-2.0
// The tables [metric."NAME"].
#pragma once

#include "daemon/model/metric_spec.hpp"

#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace plimsoll {

/// Lays `tables`, which stand below [metric], over `into`, key by key; it stays ordered by name. A
/// table with an error changes nothing.
void readMetrics(const toml::table& tables, const std::string& file, std::vector<MetricSpec>& into,
                 std::vector<std::string>& errors);

/// "unit", "action_priority", …
std::vector<std::string_view> metricKeys();

} // namespace plimsoll
