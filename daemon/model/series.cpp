// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/series.hpp"

#include <algorithm>

namespace plimsoll {

bool isMetricName(std::string_view text) {
    const auto starts = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    };
    const auto follows = [&](char c) {
        return starts(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= kLongestMetricName && starts(text.front()) &&
           std::ranges::all_of(text, follows);
}

const CustomMetric* CustomSamples::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(metrics, name, {}, &CustomMetric::name);
    return found == metrics.end() || found->name != name ? nullptr : &*found;
}

std::shared_ptr<const CustomSamples> noCustomSamples() {
    static const auto kNone = std::make_shared<const CustomSamples>();
    return kNone;
}

} // namespace plimsoll
