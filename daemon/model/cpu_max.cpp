// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/cpu_max.hpp"

#include <charconv>
#include <cstdint>

namespace plimsoll {
namespace {

std::optional<Microseconds> parsePositive(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{} || end != text.data() + text.size() || value <= 0) {
        return std::nullopt;
    }
    return Microseconds{value};
}

} // namespace

std::optional<Millicores> CpuMax::rate() const {
    if (!quota) {
        return std::nullopt;
    }
    return Millicores{1000.0 * static_cast<double>(quota->count()) /
                      static_cast<double>(period.count())};
}

std::optional<CpuMax> parseCpuMax(std::string_view text) {
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    const auto space = text.find(' ');
    if (space == std::string_view::npos) {
        return std::nullopt;
    }
    const auto period = parsePositive(text.substr(space + 1));
    if (!period) {
        return std::nullopt;
    }
    const auto quotaText = text.substr(0, space);
    if (quotaText == "max") {
        return CpuMax{std::nullopt, *period};
    }
    const auto quota = parsePositive(quotaText);
    if (!quota) {
        return std::nullopt;
    }
    return CpuMax{quota, *period};
}

std::string formatCpuMax(const CpuMax& value) {
    return (value.quota ? std::to_string(value.quota->count()) : std::string("max")) + ' ' +
           std::to_string(value.period.count());
}

} // namespace plimsoll
