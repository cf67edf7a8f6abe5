// SPDX-License-Identifier: Apache-2.0
// Custom metrics: what HTTP probes, textfiles and D-Bus deliver at run time.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/units.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

inline constexpr std::size_t kLongestMetricName = 253;
/// [a-zA-Z_:][a-zA-Z0-9_:.-]*, at most kLongestMetricName.
bool isMetricName(std::string_view text);

/// One value of one labelled series.
struct SeriesSample {
    Labels labels;
    double value = 0; ///< finite: NaN and infinity are left out by who delivers
    MonotonicTime at; ///< when it was read or recorded
    /// After this it is stale, whatever a rule allows. The end of time where the source sets none.
    MonotonicTime expires = MonotonicTime::max();
    /// The NodeQOS whose probe delivered it: for its rules alone. Empty: for every rule.
    std::string nodeQos;
    /// The pod it is about (podQualityProbe); empty: about the node.
    PodUid pod;
};

struct CustomMetric {
    std::string name;
    std::vector<SeriesSample> series;
};

/// A source that does not deliver, and why.
struct SourceProblem {
    std::string source; ///< "NodeQOS/web", "/run/plimsoll/metrics.d/app.prom"
    std::string reason; ///< a sentence
    friend bool operator==(const SourceProblem&, const SourceProblem&) = default;
};

struct CustomSamples {
    std::vector<CustomMetric> metrics; ///< ordered by name
    std::vector<SourceProblem> problems;

    /// Null: nothing has delivered it.
    [[nodiscard]] const CustomMetric* find(std::string_view name) const;
};

std::shared_ptr<const CustomSamples> noCustomSamples();

} // namespace plimsoll
