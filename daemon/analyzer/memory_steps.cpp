// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/memory_steps.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

/// memory.reclaim takes seconds for a lot, and takes from the pod what it will want back.
constexpr double kLargestReclaim = 0.25;

/// What a pod fills its limit with when it wants more stays above this.
constexpr double kUnused = 0.75;

Bytes roundedDown(Bytes amount) {
    return kMemoryQuantum * std::floor(amount / kMemoryQuantum);
}

Bytes roundedUp(Bytes amount) {
    return kMemoryQuantum * std::ceil(amount / kMemoryQuantum);
}

double fraction(int percent) {
    return std::clamp(percent, 0, 100) / 100.0;
}

Bytes floorOf(const MemoryInput& input) {
    const auto base = input.limit.value_or(input.firstUsage);
    return roundedUp(
        std::max({input.request, base * fraction(input.terms.minMemoryRatio), kSmallestMemory}));
}

} // namespace

std::expected<MemoryDown, std::string_view> stepDown(const MemoryInput& input) {
    const auto& high = input.high.bytes;
    const auto capped = high ? std::min(input.workingSet, *high) : input.workingSet;
    const auto counted = input.inFlight ? capped : input.workingSet;
    const auto floor = floorOf(input);

    // A limit far above what the pod uses is no start: a step from there would change nothing.
    const auto start = high ? std::min(*high, std::max(input.workingSet, floor)) : input.workingSet;
    auto target = std::max(start * (1 - fraction(input.terms.stepMemoryRatio)), floor);
    const bool partial = counted - target > input.gap + kNoMemory;
    if (partial) {
        target = std::max(floor, capped - input.gap);
    }
    const MemoryDown step{.to = {std::max(roundedDown(target), floor)}, .partial = partial};
    if (high && *step.to.bytes >= *high) {
        return std::unexpected("is at its floor already");
    }
    const auto release = std::max(Bytes{}, counted - *step.to.bytes);
    if (!high && release < kNoMemory) {
        return std::unexpected("uses no more than its floor");
    }
    return MemoryDown{.to = step.to, .release = release, .partial = partial};
}

std::expected<Bytes, std::string_view> reclaimable(const MemoryInput& input) {
    const auto aboveFloor = input.current - floorOf(input);
    const auto amount =
        roundedDown(std::min({input.gap, aboveFloor, input.current * kLargestReclaim}));
    if (amount < kNoMemory) {
        return std::unexpected(aboveFloor < kNoMemory ? "has no more than its floor"
                                                      : "nothing is left to reclaim for the gap");
    }
    return amount;
}

std::optional<MemoryUp> stepUp(const MemoryUpInput& input) {
    const auto& high = input.high.bytes;
    if (!high || input.room < kSmallestStepUp) {
        return std::nullopt;
    }
    const auto wanted =
        std::max(*high * (1 + fraction(input.stepMemoryRatio)), *high + kSmallestMemory);
    const auto target = roundedDown(std::min(wanted, *high + input.room));
    const auto full = input.baseline.bytes.value_or(input.nodeTotal);
    const bool isUnused = input.workingSet <= *high * kUnused;
    if (target >= full || isUnused) {
        const auto credit = std::clamp(full - *high, Bytes{}, input.room);
        return MemoryUp{.to = input.baseline, .toBaseline = true, .credit = credit};
    }
    return MemoryUp{.to = {target}, .credit = target - *high};
}

} // namespace plimsoll::analyzer
