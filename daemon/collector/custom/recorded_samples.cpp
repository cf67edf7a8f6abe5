// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/recorded_samples.hpp"

#include "daemon/collector/custom/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostSeries = 1000;
constexpr auto kShortestValidity = 1s;
constexpr auto kLongestValidity = 1h;
constexpr auto kRemembered = 10min; // after it has expired

std::string_view faultOf(const Labels& labels) {
    if (labels.size() > kMostLabels) {
        return "at most 16 labels are allowed";
    }
    for (const auto& [name, value] : labels) {
        if (!isLabelName(name) || name.size() > kLongestLabelName) {
            return "the name of a label must be a letter or '_', then letters, digits and '_', at "
                   "most 63";
        }
        if (value.size() > kLongestLabelValue || firstBadByte(value)) {
            return "the value of a label must be UTF-8 of at most 253 bytes";
        }
    }
    return {};
}

std::string_view faultOf(std::string_view name, double value, const Labels& labels,
                         std::chrono::nanoseconds validFor) {
    if (!isMetricName(name)) {
        return "the name of a metric must be a letter, '_' or ':', then letters, digits and any of "
               "\"_:.-\", at most 253";
    }
    if (!std::isfinite(value)) {
        return "the value must be a finite number";
    }
    if (validFor < kShortestValidity || validFor > kLongestValidity) {
        return "the validity must be from 1 second to 1 hour";
    }
    return faultOf(labels);
}

} // namespace

Result<void> RecordedSamples::record(std::string_view name, double value, const Labels& labels,
                                     std::chrono::nanoseconds validFor, MonotonicTime now) {
    if (const auto fault = faultOf(name, value, labels, validFor); !fault.empty()) {
        return fail(EINVAL, std::string(fault));
    }
    Key key{std::string(name), labels};
    if (!series_.contains(key)) {
        if (series_.size() == kMostSeries) {
            dropExpiredBefore(now);
        }
        if (series_.size() == kMostSeries) {
            return fail(ENOSPC, "1000 series are recorded already; wait until one expires");
        }
    }
    const MonotonicTime expires = now + validFor;
    // One that is replaced may leave firstExpiry_ too early: that costs a look, no more.
    series_.insert_or_assign(std::move(key), Value{value, now, expires});
    firstExpiry_ = std::min(firstExpiry_, expires);
    ++generation_;
    return {};
}

void RecordedSamples::forget(MonotonicTime now) {
    dropExpiredBefore(now - kRemembered);
}

void RecordedSamples::dropExpiredBefore(MonotonicTime time) {
    if (time <= firstExpiry_) {
        return;
    }
    firstExpiry_ = MonotonicTime::max();
    const auto dropped = std::erase_if(series_, [&](const auto& each) {
        const MonotonicTime expires = each.second.expires;
        if (expires >= time) {
            firstExpiry_ = std::min(firstExpiry_, expires);
        }
        return expires < time;
    });
    generation_ += dropped == 0 ? 0 : 1;
}

void RecordedSamples::append(CustomSamples& to) const {
    for (const auto& [key, value] : series_) {
        if (to.metrics.empty() || to.metrics.back().name != key.name) {
            to.metrics.push_back({.name = key.name, .series = {}});
        }
        to.metrics.back().series.push_back(
            {.labels = key.labels, .value = value.value, .at = value.at, .expires = value.expires});
    }
}

} // namespace plimsoll::collector
