// SPDX-License-Identifier: Apache-2.0
// What a rule says this tick.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"
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

/// In what a lever gives a metric back.
enum class ReleaseUnit : std::uint8_t { millicores, bytes };
/// "millicores", "bytes".
std::string_view name(ReleaseUnit unit);

/// What has to go (positive) or may come back (negative), excess included.
struct Gap {
    ReleaseUnit unit = ReleaseUnit::millicores;
    double amount = 0;
    friend bool operator==(const Gap&, const Gap&) = default;
};

/// How right a rule with strategy Preview has been: an episode is one time above the watermark.
/// "On its own": the metric came back below within the time in which acting would have shown.
struct PreviewScore {
    unsigned episodes = 0;  ///< that are over, or lasted long enough to be judged
    unsigned onItsOwn = 0;  ///< acting would have been for nothing
    unsigned byOthers = 0;  ///< other rules acted meanwhile: cannot be told
    unsigned wouldHelp = 0; ///< stayed above: acting would have been right
    double lastSeconds = 0; ///< how long the last one was above
    Resources lastExpected; ///< what the first plan of the last one would have released
    friend bool operator==(const PreviewScore&, const PreviewScore&) = default;
};

/// One rule, its verdict and the numbers that made it.
struct RuleStatus {
    RuleKey key;
    Rule rule;
    std::string unit; ///< of value and watermark: "millicores", "percent", …; empty: none
    Verdict verdict;
    std::optional<double> value; ///< of the metric, in its unit; none: unknown
    std::string series;          ///< which one that is: "jobs/web-1", "sda"; empty: the only one
    std::optional<Gap> gap;      ///< none: unknown, or not to be expressed so
    bool hit = false;            ///< above the watermark this tick
    bool mayRestore = false;     ///< cooled down: what it did is being undone
    std::string limitation;      ///< why its action cannot (fully) be carried out; usually empty
    std::string trouble;         ///< what stands in the way right now: why unknown, what was futile
    PreviewScore preview;        ///< of a rule with strategy Preview
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
