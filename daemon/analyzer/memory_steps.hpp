// SPDX-License-Identifier: Apache-2.0
// The arithmetic of one pod's memory levers, in bytes. The kernel compares memory.high with
// memory.current, page cache included; what a step releases is counted on the working set
// (current without inactive_file), because page cache that nobody uses was available anyway.
#pragma once

#include "daemon/model/limit.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/units.hpp"

#include <expected>
#include <optional>
#include <string_view>

namespace plimsoll::analyzer {

/// memory.high is kept in multiples of the largest page that Linux has here (64 KiB on arm64): the
/// kernel rounds down to its pages, and what is read back must be what was written.
inline constexpr Bytes kMemoryQuantum{64.0 * 1024};

/// A pod needs this much to be scheduled at all: below it memory.high only makes it stall.
inline constexpr Bytes kSmallestMemory{16.0 * 1024 * 1024};

/// Less than this is no gap, and no release.
inline constexpr Bytes kNoMemory = kMemoryQuantum;

struct MemoryInput {
    Bytes workingSet;
    Bytes current;    ///< memory.current
    MemoryHigh high;  ///< as it stands
    Bytes firstUsage; ///< working set when first throttled: base of the floor without a limit
    Bytes request;
    std::optional<Bytes> limit;
    MemoryThrottle terms;
    Bytes gap; ///< still to be released; infinite: a whole step
    /// The last step of this pod is still taking effect: what it uses above has been counted.
    bool inFlight = false;
};

struct MemoryDown {
    MemoryHigh to;
    Bytes release;
    bool partial = false; ///< smaller than a whole step: it closes the gap
};

/// The next lower memory.high, never below the floor: what the pod asked for, minMemoryRatio of its
/// limit (or of the usage at first), and 16 MiB. Or why there is none.
std::expected<MemoryDown, std::string_view> stepDown(const MemoryInput& input);

/// How much to write to memory.reclaim: the gap, at most a quarter of what the pod has in one go,
/// and never below its floor. Or why nothing.
std::expected<Bytes, std::string_view> reclaimable(const MemoryInput& input);

struct MemoryUpInput {
    MemoryHigh high;
    MemoryHigh baseline;
    Bytes workingSet;
    int stepMemoryRatio = 0;
    Bytes room;      ///< may come back before the lowest watermark is reached
    Bytes nodeTotal; ///< an unlimited pod is back when its limit is as large as the node
};

struct MemoryUp {
    MemoryHigh to;
    bool toBaseline = false;
    Bytes credit; ///< what it takes off the room
};

/// Smaller steps up are not worth a write.
inline constexpr Bytes kSmallestStepUp{1024.0 * 1024};

/// The next higher memory.high; none when there is no room. A pod that leaves a good part of its
/// limit unused has had what it wants: then the limit holds nothing back, and the baseline comes.
std::optional<MemoryUp> stepUp(const MemoryUpInput& input);

} // namespace plimsoll::analyzer
