// SPDX-License-Identifier: Apache-2.0
#include "cgroup/unit_properties.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace plimsoll::cgroup {
namespace {

constexpr std::uint64_t kDefaultPeriod = 100'000;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kMillisecond = 1'000;
constexpr std::uint64_t kPercentOfCore = kSecond / 100;
constexpr std::size_t kLongestUnitName = 255;

constexpr std::array<std::string_view, 3> kUnitSuffixes = {".slice", ".scope", ".service"};

} // namespace

CpuMax rendered(const CpuProperties& properties) {
    if (properties.quotaPerSecond == kNotSet) {
        return {std::nullopt, Microseconds{kDefaultPeriod}};
    }
    const auto quota = std::max<std::uint64_t>(properties.quotaPerSecond, 1);
    const auto wanted = properties.period == kNotSet ? kDefaultPeriod : properties.period;
    // The kernel takes no quota and no period under 1 ms, and no period over 1 s.
    const auto period =
        std::min(std::max({wanted, kMillisecond, kMillisecond * kSecond / quota}), kSecond);
    return {Microseconds{std::max(quota * period / kSecond, kMillisecond)}, Microseconds{period}};
}

CpuProperties propertiesFor(const CpuMax& wanted, const CpuProperties& had) {
    CpuProperties result = had;
    const auto period = static_cast<std::uint64_t>(wanted.period.count());
    if (period != (had.period == kNotSet ? kDefaultPeriod : had.period)) {
        result.period = period;
    }
    if (!wanted.quota) {
        result.quotaPerSecond = kNotSet;
        return result;
    }
    const auto quota = static_cast<std::uint64_t>(wanted.quota->count());
    const auto perSecond = quota * kSecond / period;
    result.quotaPerSecond =
        std::max<std::uint64_t>((perSecond + kPercentOfCore - 1) / kPercentOfCore, 1) *
        kPercentOfCore;
    return result;
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
