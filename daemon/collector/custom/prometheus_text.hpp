// SPDX-License-Identifier: Apache-2.0
// The text format that Prometheus scrapes.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/pod.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::collector {

struct ParsedSeries {
    std::string name;
    Labels labels;
    double value = 0;
    friend bool operator==(const ParsedSeries&, const ParsedSeries&) = default;
};

/// In the order of the text. Comments (HELP, TYPE, OpenMetrics' EOF), timestamps and exemplars are
/// passed over, series without a finite value are left out. Anything else that is out of order
/// refuses the whole text: half of it could be the half that is wrong. The error says the line.
Result<std::vector<ParsedSeries>> parsePrometheusText(std::string_view text,
                                                      std::size_t mostSeries);

} // namespace plimsoll::collector
