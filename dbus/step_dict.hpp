// SPDX-License-Identifier: Apache-2.0
// A step as D-Bus values.
#pragma once

#include "daemon/model/plan.hpp"
#include "dbus/sdbus_compat.hpp"

#include <string>
#include <vector>

namespace plimsoll::dbus {

/// "Lever", "Reason", "Causes", and the amounts that the lever has, each under a key of its own
/// unit.
Dict stepDict(const Step& step);

/// Empty for levers that have no value.
std::string limitText(Lever lever, const Limit& limit);

std::vector<std::string> texts(const std::vector<RuleKey>& rules);

} // namespace plimsoll::dbus
