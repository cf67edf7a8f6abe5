// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/cpu_max.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <cmath>

namespace plimsoll::fuzz {

void fuzzCpuMax(std::string_view text) {
    const auto value = parseCpuMax(text);
    if (!value) {
        return;
    }
    require(value->period.count() > 0, "the period is positive");
    require(!value->quota || value->quota->count() > 0, "the quota is positive");
    require(!value->rate() || std::isfinite(value->rate()->value), "the rate is finite");
    require(parseCpuMax(formatCpuMax(*value)) == value, "format and parse agree");
}

} // namespace plimsoll::fuzz
