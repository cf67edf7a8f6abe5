// SPDX-License-Identifier: Apache-2.0
// The value of a rule's metric in one tick: the largest of the series that the rule selects.
#pragma once

#include "daemon/analyzer/analyzer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll::analyzer {

struct CompiledRule;
struct Tick;

struct RuleValue {
    enum class Why : std::uint8_t {
        known,
        unknown,   ///< there are series, and none has a value now
        stale,     ///< there are series, and all are too old
        noSeries,  ///< nothing delivers it; or the selector matches nothing that is delivered
        noSubject, ///< no pod or device of that kind is on this node: nothing to protect
    };
    Why why = Why::unknown;
    double value = 0; ///< of the largest; where it is known
    /// Which series that is: index into Snapshot::pods, disks, interfaces or CustomMetric::series.
    std::size_t series = 0;

    /// Above the watermark; none: unknown, nothing moves. What has nothing to protect is not above.
    [[nodiscard]] std::optional<bool> above(double watermark) const;
};

/// A pod that Plimsoll holds down, or that is on its way out, is no victim: its stall is Plimsoll's
/// own doing.
RuleValue valueOf(const Tick& tick, const CompiledRule& rule);

/// "jobs/web-1", "sda", "{zone=a}"; empty where there is only one. Written into `name`, which keeps
/// its capacity.
void nameSeries(const Tick& tick, const CompiledRule& rule, const RuleValue& value,
                std::string& name);

/// The value of the pod's own series of the rule's metric; 0: it has none.
double ownValue(const Tick& tick, const CompiledRule& rule, std::size_t sample);

} // namespace plimsoll::analyzer
