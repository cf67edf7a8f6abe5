// SPDX-License-Identifier: Apache-2.0
// The sentences an operator reads. Composed only when there is something to say.
#pragma once

#include "daemon/analyzer/throttle_steps.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <string>

namespace plimsoll::analyzer {

/// "6840", "72.5": at most two decimals, no trailing zeros.
std::string number(double value);
std::string millicores(Millicores rate); ///< "1700m"

/// "watermark2/cpu-usage: cpu_total_usage 6840 above 6000; lowest in order (priority 0, BestEffort,
/// uses 1700m); expected to release 170m". `place` counts from 0.
std::string whyThrottle(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                        std::size_t place, const DownStep& step);

/// `rule` is the one with the least room.
std::string whyRestore(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t place, const UpStep& step);

/// Why a held pod has no cause left.
std::string whyUndo(const Tick& tick, const HeldView& view);

std::string whyReapply(const HeldPod& held, const CpuMax& found, unsigned maxReapply);
std::string whyContested(const HeldPod& held);
std::string whyYield(const HeldPod& held, const CpuMax& found);

} // namespace plimsoll::analyzer
