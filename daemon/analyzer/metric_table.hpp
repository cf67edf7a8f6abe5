// SPDX-License-Identifier: Apache-2.0
// What a rule can watch, and what acting on it can do.
#pragma once

#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"
#include "daemon/model/verdict.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::analyzer {

struct Metric {
    std::string_view name;
    std::string_view unit;
    Reading<double> (*read)(const Snapshot&);
    bool throttleable = false;       ///< lowering cpu.max lowers it
    bool throttleQuantified = false; ///< and by how much is known beforehand
    ReleaseUnit releaseUnit = ReleaseUnit::millicores;
    /// used - watermark, as what has to be released; none when the node's size is unknown.
    std::optional<double> (*toRelease)(double used, double watermark, const Snapshot&);
    /// 0 to 10, higher acts first. What cannot be squeezed (memory) hurts sooner than what can.
    unsigned actionPriority = 0;
};

std::span<const Metric> metricTable();

/// None: there is no metric of that name.
const Metric* findMetric(std::string_view name);

/// "cpu_total_usage, cpu_total_utilization, …" for messages.
std::string knownMetrics();

/// The value; none when it is unknown. NaN and infinity are unknown, too.
std::optional<double> valueOf(const Metric& metric, const Snapshot& snapshot);

/// (1 + excess)·(used - watermark) in millicores: positive has to go, negative may come back.
/// None where throttling cannot be counted against this metric.
std::optional<Millicores> throttleGap(const Metric& metric, double used, double watermark,
                                      double excess, const Snapshot& snapshot);

} // namespace plimsoll::analyzer
