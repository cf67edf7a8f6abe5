// SPDX-License-Identifier: Apache-2.0
// Numbers that carry their unit in the type, so that millicores never meet bytes by accident.
#pragma once

#include <chrono>
#include <compare>

namespace plimsoll {

/// A number with a unit. Doubles throughout: watermarks are decimals ("80.5") and rates are
/// quotients; 2^53 bytes is 8 PiB, more than any node has.
template <class Unit>
struct Amount {
    double value = 0;

    friend constexpr auto operator<=>(Amount, Amount) = default;
    constexpr Amount& operator+=(Amount other) {
        value += other.value;
        return *this;
    }
    constexpr Amount& operator-=(Amount other) {
        value -= other.value;
        return *this;
    }
    friend constexpr Amount operator+(Amount a, Amount b) { return {a.value + b.value}; }
    friend constexpr Amount operator-(Amount a, Amount b) { return {a.value - b.value}; }
    friend constexpr Amount operator*(Amount a, double factor) { return {a.value * factor}; }
    friend constexpr double operator/(Amount a, Amount b) { return a.value / b.value; }
};

/// 1000 millicores are one CPU busy all the time.
using Millicores = Amount<struct MillicoresUnit>;
using Bytes = Amount<struct BytesUnit>;
/// 0 to 100.
using Percent = Amount<struct PercentUnit>;

using Microseconds = std::chrono::microseconds;

/// CLOCK_MONOTONIC. The pure parts take it as an argument and never read a clock.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

} // namespace plimsoll
