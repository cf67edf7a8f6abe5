// SPDX-License-Identifier: Apache-2.0
// What a probe was answered, as series: Prometheus text, JSON, or a plain number.
#pragma once

#include "daemon/collector/custom/prometheus_text.hpp"
#include "daemon/model/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::collector {

struct JsonMember {
    std::string metric;
    std::string where; ///< see JsonText::numberAt()
    friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

/// What an answer is about that does not name metrics itself.
struct Expected {
    std::vector<std::string> plain; ///< metrics that a plain number is the value of
    std::vector<JsonMember> json;
    /// A member that is missing is a problem. Otherwise only where all are missing.
    bool everyMember = true;
    friend bool operator==(const Expected&, const Expected&) = default;
};

struct ProbeReading {
    std::vector<ParsedSeries> series;
    std::string problem; ///< of what is not among the series; empty: none
};

/// By the content type, else by the look of the body.
Result<ProbeReading> readAnswer(std::string_view contentType, std::string_view body,
                                const Expected& expected);

} // namespace plimsoll::collector
