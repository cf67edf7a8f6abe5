// SPDX-License-Identifier: Apache-2.0
// What a rule says this tick.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

enum class VerdictKind : std::uint8_t {
    idle,        ///< below the watermark
    rising,      ///< above, not often enough yet
    avoiding,    ///< above often enough: acts on every tick that is above
    recovering,  ///< avoiding, and below for k of R ticks
    coolingDown, ///< below for R ticks: restores once coolDownSeconds have passed, a step a tick
    unknown,     ///< the metric has no value: nothing moves
    invalid,     ///< the rule can never act; the status says why
};

/// "idle", "rising", "avoiding", "recovering", "cooling-down", "unknown", "invalid".
std::string_view name(VerdictKind kind);

struct Verdict {
    VerdictKind kind = VerdictKind::idle;
    unsigned count = 0; ///< k in rising k/of and recovering k/of
    unsigned of = 0;
    friend bool operator==(const Verdict&, const Verdict&) = default;
    /// "rising 1/2", "idle".
    [[nodiscard]] std::string text() const;
};

/// One rule, its verdict and the numbers that made it.
struct RuleStatus {
    RuleKey key;
    Rule rule;
    Verdict verdict;
    std::optional<double> value;   ///< of the metric, in its unit; none: unknown
    std::optional<Millicores> gap; ///< what has to go (positive) or may come back (negative)
    bool hit = false;              ///< above the watermark this tick
    bool mayRestore = false;       ///< cooled down: what it did is being undone
    std::string limitation;        ///< why its action cannot (fully) be carried out; usually empty
};

/// One pod of the node: what it is, what it uses, what was done to it and why.
struct PodStatus {
    std::shared_ptr<const PodCgroup> cgroup;
    std::string podName; ///< namespace/name; empty: no Pod object is known for this cgroup
    QosClass qosClass = QosClass::unknown;
    std::int32_t priority = 0;
    std::string exemption; ///< why it can never be a candidate; empty: it may be one
};

} // namespace plimsoll
