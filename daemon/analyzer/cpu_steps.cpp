// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/cpu_steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace plimsoll::analyzer {
namespace {

/// Quotients like 440·0.9/10 must not fall off a whole percent by the last bit.
constexpr double kRounding = 1e-9;

/// A pod that uses less than this part of its quota gives nothing back when the quota is lowered.
constexpr double kFarBelow = 0.5;

std::int64_t percentDown(Millicores rate) {
    return static_cast<std::int64_t>(std::floor(rate / kQuantum + kRounding));
}

std::int64_t percentUp(Millicores rate) {
    return static_cast<std::int64_t>(std::ceil(rate / kQuantum - kRounding));
}

/// The lowest whole percent that the kernel takes in this period.
std::int64_t smallestPercent(Microseconds period) {
    return std::max<std::int64_t>(1, (kSmallestQuota.count() * 100 + period.count() - 1) /
                                         period.count());
}

Millicores rateOf(std::int64_t percent) {
    return kQuantum * static_cast<double>(percent);
}

CpuMax atPercent(std::int64_t percent, Microseconds period) {
    return {.quota = Microseconds{percent * period.count() / 100}, .period = period};
}

Millicores nodeSize(unsigned onlineCpus) {
    return Millicores{1000.0 * onlineCpus};
}

double fraction(int percent) {
    return std::clamp(percent, 0, 100) / 100.0;
}

Millicores floorOf(const DownInput& input) {
    const auto base = input.limit.value_or(input.firstUsage);
    return std::max(input.request, base * fraction(input.terms.minCpuRatio));
}

} // namespace

std::expected<DownStep, std::string_view> stepDown(const DownInput& input) {
    const auto rate = input.current.rate();
    const auto capped = rate ? std::min(input.usage, *rate) : input.usage;
    const auto counted = input.inFlight ? capped : input.usage;
    const auto floor = floorOf(input);

    auto target =
        std::max(rate.value_or(input.usage) * (1 - fraction(input.terms.stepCpuRatio)), floor);
    const bool partial = counted - target > input.gap + kNothing;
    if (partial) {
        target = std::max(target, capped - input.gap);
    }
    const auto period = input.current.period;
    const auto percent = std::max({percentDown(target), percentUp(floor), smallestPercent(period)});
    const DownStep step{.to = atPercent(percent, period),
                        .release = std::max(Millicores{}, counted - rateOf(percent)),
                        .partial = partial};

    if (rate) {
        // Many steps would be needed until one of them shows.
        if (input.usage < *rate * kFarBelow) {
            return std::unexpected("uses far less than its limit lets it");
        }
        if (step.to.quota >= input.current.quota) {
            return std::unexpected("is at its floor already");
        }
        return step;
    }
    // An unlimited pod that keeps below its floor gives nothing back; a limit would only hurt it.
    if (step.release <= kNothing) {
        return std::unexpected("uses no more than its floor");
    }
    if (rateOf(percent) >= nodeSize(input.onlineCpus)) {
        return std::unexpected("its limit would be the whole node");
    }
    return step;
}

std::optional<UpStep> stepUp(const UpInput& input) {
    const auto rate = input.current.rate();
    if (!rate) {
        return std::nullopt;
    }
    const auto full = input.baseline.rate().value_or(nodeSize(input.onlineCpus));
    const auto missing = std::max(Millicores{}, full - *rate);
    // Room carries the excess. A step must fit into the bare distance to the watermark, or the
    // smallest one would cross the line on a flat load, be taken back and come again for ever.
    if (input.room <= kNothing ||
        input.room + kNothing < std::min(kQuantum, missing) * (1 + input.excess)) {
        return std::nullopt;
    }
    const double factor = 1 + fraction(input.stepCpuRatio);
    // To the nearest percent, but at least one up: small quotas must not stand still.
    const auto wanted =
        std::max<std::int64_t>(std::llround(*rate * factor / kQuantum), percentDown(*rate) + 1);
    if (rateOf(wanted) + kNothing >= full && missing <= input.room + kNothing) {
        return UpStep{.to = input.baseline, .toBaseline = true, .credit = missing};
    }
    const auto percent =
        std::isinf(input.room.value) ? wanted : std::min(wanted, percentDown(*rate + input.room));
    const auto target = rateOf(percent);
    if (target <= *rate || target >= full) {
        return std::nullopt;
    }
    return UpStep{.to = atPercent(percent, input.current.period), .credit = target - *rate};
}

} // namespace plimsoll::analyzer
