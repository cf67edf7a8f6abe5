// SPDX-License-Identifier: Apache-2.0
// Numbers for people.
#pragma once

#include <string>

namespace plimsoll {

/// Enough digits for a person, none too many: "6840", "72.5".
std::string formatNumber(double value);

} // namespace plimsoll
