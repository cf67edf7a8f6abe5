// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/series.hpp"

#include <algorithm>

namespace plimsoll {

const CustomMetric* CustomSamples::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(metrics, name, {}, &CustomMetric::name);
    return found == metrics.end() || found->name != name ? nullptr : &*found;
}

std::shared_ptr<const CustomSamples> noCustomSamples() {
    static const auto kNone = std::make_shared<const CustomSamples>();
    return kNone;
}

} // namespace plimsoll
