// SPDX-License-Identifier: Apache-2.0
// The levers that avoidance has, and the values of those that hold a pod down.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace plimsoll {

enum class Lever : std::uint8_t {
    cpuMax,        ///< quota of the pod's own cgroup; held until it is restored
    memoryHigh,    ///< memory.high of the pod's own cgroup; held until it is restored
    memoryReclaim, ///< one write to memory.reclaim; leaves nothing behind
    eviction,      ///< through the API server; cannot be undone
    scheduling,    ///< the node is closed for new pods
};

/// "cpu.max", "memory.high", "memory.reclaim": the cgroup file; "eviction", "scheduling".
std::string_view name(Lever lever);

/// It has a value that stays until it is put back; the others act once.
constexpr bool holds(Lever lever) {
    return lever == Lever::cpuMax || lever == Lever::memoryHigh;
}
/// What using it gives back: an eviction both, scheduling nothing that is used already.
/// What the API server has to do.
constexpr bool isClusters(Lever lever) {
    return lever == Lever::eviction || lever == Lever::scheduling;
}
constexpr bool releasesCpu(Lever lever) {
    return lever == Lever::cpuMax || lever == Lever::eviction;
}
constexpr bool releasesMemory(Lever lever) {
    return lever == Lever::memoryHigh || lever == Lever::memoryReclaim || lever == Lever::eviction;
}

/// The kernel's memory.high: bytes, or "max".
struct MemoryHigh {
    std::optional<Bytes> bytes; ///< none: unlimited
    friend auto operator<=>(const MemoryHigh&, const MemoryHigh&) = default;
};

/// The value of a lever that holds.
struct Limit {
    std::variant<CpuMax, MemoryHigh> value;

    Limit() = default;
    Limit(const CpuMax& cpuMax) : value(cpuMax) {}             // NOLINT(*-explicit-*)
    Limit(const MemoryHigh& memoryHigh) : value(memoryHigh) {} // NOLINT(*-explicit-*)

    [[nodiscard]] Lever lever() const;
    /// Where the caller knows which one it is.
    [[nodiscard]] const CpuMax& cpuMax() const { return std::get<CpuMax>(value); }
    [[nodiscard]] const MemoryHigh& memoryHigh() const { return std::get<MemoryHigh>(value); }
    [[nodiscard]] bool unlimited() const;
    friend bool operator==(const Limit&, const Limit&) = default;
};

/// Accepts the kernel's bytes, with or without the newline. None for anything else, and for levers
/// that have no value.
std::optional<Limit> parseLimit(Lever lever, std::string_view text);

/// The kernel's bytes without the newline: "180000 100000", "max", "52428800".
std::string formatLimit(const Limit& limit);

/// What a pod uses, or what a step releases.
struct Resources {
    Millicores cpu;
    Bytes memory;

    Resources& operator+=(const Resources& other) {
        cpu += other.cpu;
        memory += other.memory;
        return *this;
    }
    friend bool operator==(const Resources&, const Resources&) = default;
};

} // namespace plimsoll
