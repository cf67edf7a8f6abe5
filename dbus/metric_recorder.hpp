// SPDX-License-Identifier: Apache-2.0
// What RecordMetric() hands to the daemon.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace plimsoll::dbus {

struct RecordedMetric {
    std::string name;
    double value = 0; ///< any, as the name and the labels are
    Labels labels;
    Microseconds validFor = std::chrono::minutes{1};
};

/// Called on the loop's thread. The error's text goes to the caller; ENOSPC is LimitsExceeded.
using MetricRecorder = std::function<Result<void>(const RecordedMetric&)>;

} // namespace plimsoll::dbus
