// SPDX-License-Identifier: Apache-2.0
#include "dbus/recorded_metric.hpp"

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace plimsoll::dbus {

namespace {

constexpr std::size_t kLongestText = 256;
constexpr std::size_t kMostLabels = 16;
constexpr Microseconds kLongestValidity = std::chrono::hours{24};
constexpr const char* kValidFor = "ValidFor";

Result<Labels> checked(const std::map<std::string, std::string>& labels) {
    if (labels.size() > kMostLabels)
        return fail(EINVAL, "not more than " + std::to_string(kMostLabels) + " labels");
    Labels out;
    for (const auto& [key, value] : labels) {
        if (key.empty() || key.size() > kLongestText || value.size() > kLongestText)
            return fail(EINVAL, "a label has a name, and neither name nor value is longer than " +
                                    std::to_string(kLongestText) + " bytes");
        out.emplace(key, value);
    }
    return out;
}

Result<Microseconds> validity(const sdbus::Variant& option) {
    if (!option.containsValueOfType<std::uint64_t>())
        return fail(EINVAL, "ValidFor is of type t, microseconds");
    const auto value = option.get<std::uint64_t>();
    if (value == 0 || value > static_cast<std::uint64_t>(kLongestValidity.count()))
        return fail(EINVAL, "ValidFor is at least one microsecond and at most a day");
    return Microseconds(static_cast<std::int64_t>(value));
}

} // namespace

Result<RecordedMetric> recordedMetric(const std::string& name, double value,
                                      const std::map<std::string, std::string>& labels,
                                      const Dict& options) {
    if (name.empty() || name.size() > kLongestText)
        return fail(EINVAL,
                    "a metric has a name of at most " + std::to_string(kLongestText) + " bytes");
    if (!std::isfinite(value))
        return fail(EINVAL, "a value is a finite number");
    auto known = checked(labels);
    if (!known)
        return std::unexpected(std::move(known.error()));
    RecordedMetric out{.name = name, .value = value, .labels = *std::move(known)};
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
