// SPDX-License-Identifier: Apache-2.0
// What delivers custom metrics.
#pragma once

#include "daemon/model/series.hpp"

#include <cstdint>

namespace plimsoll::collector {

class SampleSource {
public:
    virtual ~SampleSource() = default;

    /// Another number whenever append() would append something else.
    [[nodiscard]] virtual std::uint64_t generation() const = 0;
    /// Metrics in any order; one name may come several times. None has a name of Plimsoll's own.
    virtual void append(CustomSamples& to) const = 0;
};

} // namespace plimsoll::collector
