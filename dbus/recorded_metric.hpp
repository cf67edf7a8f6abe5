// SPDX-License-Identifier: Apache-2.0
// The arguments of RecordMetric(). Whether they are a metric is for the daemon to say.
#pragma once

#include "dbus/metric_recorder.hpp"
#include "dbus/sdbus_compat.hpp"

#include <map>
#include <string>

namespace plimsoll::dbus {

Result<RecordedMetric> recordedMetric(const std::string& name, double value,
                                      const std::map<std::string, std::string>& labels,
                                      const Dict& options);

} // namespace plimsoll::dbus
