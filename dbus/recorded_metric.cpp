// SPDX-License-Identifier: Apache-2.0
#include "dbus/recorded_metric.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace plimsoll::dbus {

namespace {

constexpr const char* kValidFor = "ValidFor";

/// Far more than the daemon takes, and far less than its clocks hold.
constexpr std::uint64_t kLongestValidity =
    std::chrono::microseconds(std::chrono::hours{24}).count();

Result<Microseconds> validity(const sdbus::Variant& option) {
    if (!option.containsValueOfType<std::uint64_t>())
        return fail(EINVAL, "ValidFor is of type t, microseconds");
    return Microseconds(
        static_cast<std::int64_t>(std::min(option.get<std::uint64_t>(), kLongestValidity)));
}

} // namespace

Result<RecordedMetric> recordedMetric(const std::string& name, double value,
                                      const std::map<std::string, std::string>& labels,
                                      const Dict& options) {
    RecordedMetric out{.name = name, .value = value, .labels = {labels.begin(), labels.end()}};
    for (const auto& [key, option] : options) {
        if (key != kValidFor)
            return fail(EINVAL, "there is one option, ValidFor");
        const auto validFor = validity(option);
        if (!validFor)
            return std::unexpected(validFor.error());
        out.validFor = *validFor;
    }
    return out;
}

} // namespace plimsoll::dbus
