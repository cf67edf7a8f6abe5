// SPDX-License-Identifier: Apache-2.0
// Where things are on the bus.
#pragma once

#include "daemon/model/ids.hpp"

#include <string>
#include <string_view>

namespace plimsoll::dbus {

inline constexpr const char* kBusName = "org.plimsoll.Node1";
inline constexpr const char* kRootPath = "/org/plimsoll/Node1";
inline constexpr const char* kManagerPath = "/org/plimsoll/Node1/Manager";
inline constexpr const char* kLogControlPath = "/org/freedesktop/LogControl1";

/// One path element, escaped as sd_bus_path_encode(3) does: letters and digits stay (a digit not in
/// front), every other byte becomes "_" and two hex digits, nothing at all becomes "_".
std::string encodePathElement(std::string_view text);

std::string rulePath(const RuleKey& key);
std::string podPath(const PodUid& uid);

} // namespace plimsoll::dbus
