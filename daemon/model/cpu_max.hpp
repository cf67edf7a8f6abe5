// SPDX-License-Identifier: Apache-2.0
// The kernel's cpu.max: "QUOTA PERIOD" in microseconds, QUOTA may be "max".
#pragma once

#include "daemon/model/units.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

struct CpuMax {
    std::optional<Microseconds> quota; ///< none: unlimited
    Microseconds period{100'000};

    friend auto operator<=>(const CpuMax&, const CpuMax&) = default;

    /// The same limit as a rate; none when unlimited.
    [[nodiscard]] std::optional<Millicores> rate() const;
};

/// Accepts the kernel's bytes, with or without the newline. None for anything else.
std::optional<CpuMax> parseCpuMax(std::string_view text);

/// The kernel's bytes without the newline: "180000 100000", "max 100000".
std::string formatCpuMax(const CpuMax& value);

} // namespace plimsoll
