// SPDX-License-Identifier: Apache-2.0
// The arithmetic of one pod's step down or up. Rates are millicores, quotas microseconds in the
// pod's own period.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/units.hpp"

#include <expected>
#include <optional>
#include <string_view>

namespace plimsoll::analyzer {

/// One percent of a core. systemd keeps CPUQuota= in whole percents in the drop-in it writes, so a
/// finer value would not survive the next daemon-reload.
inline constexpr Millicores kQuantum{10};

/// The kernel refuses quotas below 1 ms.
inline constexpr Microseconds kSmallestQuota{1000};

/// Below this a gap is closed and a step releases nothing: far under a quantum, far over rounding.
inline constexpr Millicores kNothing{1e-6};

struct DownInput {
    Millicores usage;
    CpuMax current;
    Millicores firstUsage; ///< when first throttled: base of the floor without a limit
    Millicores request;
    std::optional<Millicores> limit;
    CpuThrottle terms;
    unsigned onlineCpus = 0;
    Millicores gap; ///< still to be released; infinite: a whole step
    /// The last step of this pod is still taking effect: what it uses above its quota has been
    /// counted as released already.
    bool inFlight = false;
};

struct DownStep {
    CpuMax to;
    Millicores release;
    bool partial = false; ///< smaller than a whole step: it closes the gap
};

/// The next lower limit, or why there is none.
std::expected<DownStep, std::string_view> stepDown(const DownInput& input);

struct UpInput {
    CpuMax current;
    CpuMax baseline;
    int stepCpuRatio = 0;
    unsigned onlineCpus = 0;
    Millicores room; ///< may come back, excess included; infinite: no line draws one
    double excess = 0;
};

struct UpStep {
    CpuMax to;
    bool toBaseline = false;
    Millicores credit; ///< what it takes off the room
};

/// The next higher limit; none when the room is too small.
std::optional<UpStep> stepUp(const UpInput& input);

} // namespace plimsoll::analyzer
