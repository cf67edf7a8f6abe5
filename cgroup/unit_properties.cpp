// SPDX-License-Identifier: Apache-2.0
#include "cgroup/unit_properties.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

constexpr std::uint64_t kDefaultPeriod = 100'000;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kMillisecond = 1'000;
constexpr std::uint64_t kPercentOfCore = kSecond / 100;
constexpr std::size_t kLongestUnitName = 255;

constexpr std::array<std::string_view, 3> kUnitSuffixes = {".slice", ".scope", ".service"};

std::uint64_t pageSize() {
    static const auto kSize = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return kSize;
}

std::uint64_t wholePages(std::uint64_t bytes) {
    return bytes - bytes % pageSize();
}

MemoryHigh renderedMemory(const UnitLimit& limit) {
    if (limit.amount == kNotSet) {
        return {};
    }
    return {Bytes{static_cast<double>(wholePages(limit.amount))}};
}

CpuMax renderedCpu(const UnitLimit& limit) {
    if (limit.amount == kNotSet) {
        return {std::nullopt, Microseconds{kDefaultPeriod}};
    }
    const auto quota = std::max<std::uint64_t>(limit.amount, 1);
    const auto wanted = limit.period == kNotSet ? kDefaultPeriod : limit.period;
    // The kernel takes no quota and no period under 1 ms, and no period over 1 s.
    const auto period =
        std::min(std::max({wanted, kMillisecond, kMillisecond * kSecond / quota}), kSecond);
    return {Microseconds{std::max(quota * period / kSecond, kMillisecond)}, Microseconds{period}};
}

} // namespace

std::string_view settingName(Lever lever) {
    return lever == Lever::memoryHigh ? "MemoryHigh" : "CPUQuota";
}

Limit rendered(const UnitLimit& limit) {
    return limit.lever == Lever::memoryHigh ? Limit(renderedMemory(limit))
                                            : Limit(renderedCpu(limit));
}

UnitLimit unitLimitFor(const Limit& wanted, const UnitLimit& had) {
    UnitLimit result = had;
    if (had.lever == Lever::memoryHigh) {
        const auto& bytes = wanted.memoryHigh().bytes;
        result.amount =
            bytes ? std::max(wholePages(static_cast<std::uint64_t>(bytes->value)), pageSize())
                  : kNotSet;
        return result;
    }
    const CpuMax& cpuMax = wanted.cpuMax();
    const auto period = static_cast<std::uint64_t>(cpuMax.period.count());
    if (period != (had.period == kNotSet ? kDefaultPeriod : had.period)) {
        result.period = period;
    }
    if (!cpuMax.quota) {
        result.amount = kNotSet;
        return result;
    }
    const auto quota = static_cast<std::uint64_t>(cpuMax.quota->count());
    const auto perSecond = quota * kSecond / period;
    result.amount = std::max<std::uint64_t>((perSecond + kPercentOfCore - 1) / kPercentOfCore, 1) *
                    kPercentOfCore;
    return result;
}

UnitLimit keptInDropIn(UnitLimit limit) {
    if (limit.lever == Lever::cpuMax && limit.amount != kNotSet) {
        limit.amount -= limit.amount % kPercentOfCore;
    }
    return limit;
}

bool looksLikeUnit(std::string_view name) {
    name.remove_prefix(name.rfind('/') + 1); // npos + 1 is 0
    return std::ranges::any_of(kUnitSuffixes, [name](std::string_view suffix) {
        return name.size() > suffix.size() && name.ends_with(suffix);
    });
}

bool isSafeUnitName(std::string_view name) {
    constexpr std::string_view kOthers = ":-_.\\@";
    return looksLikeUnit(name) && name.size() <= kLongestUnitName && !name.starts_with('.') &&
           std::ranges::all_of(name, [kOthers](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      kOthers.find(c) != std::string_view::npos;
           });
}

} // namespace plimsoll::cgroup
