// SPDX-License-Identifier: Apache-2.0
// Readings as D-Bus values.
#pragma once

#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"
#include "dbus/sdbus_compat.hpp"

#include <limits>
#include <span>

namespace plimsoll {
struct PodStatus;
}

namespace plimsoll::dbus {

/// NaN: not known.
template <class Unit>
double number(const Reading<Amount<Unit>>& reading) {
    return reading ? reading->value : std::numeric_limits<double>::quiet_NaN();
}

/// What GetSnapshot() answers, as org.plimsoll.Node1.Manager.xml describes it.
Dict snapshotDict(const Snapshot& snapshot, std::span<const PodStatus> pods);

} // namespace plimsoll::dbus
