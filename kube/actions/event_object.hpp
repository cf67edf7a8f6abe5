// SPDX-License-Identifier: Apache-2.0
// A core/v1 Event, which every version of the API server takes from a node. Pure.
#pragma once

#include "kube/actions/events.hpp"

#include <cstdint>
#include <string>

namespace plimsoll::kube {

/// One Event: a note, and how often it was true.
struct EventSeries {
    std::string name; ///< metadata.name
    EventNote note;   ///< the last one
    std::uint64_t count = 1;
    WallTime first;
    WallTime last;
};

/// As the server takes it.
EventNote bounded(EventNote note);

/// Of bounded notes. The same for notes that differ in their numbers alone. Digits in names tell
/// objects apart and count: "web-1", "10.0.0.1".
std::string seriesKey(const EventNote& note);

/// "<object>.<16 hex digits>", valid for objects of any name.
std::string eventName(const EventNote& note, const std::string& nodeName, std::uint64_t number);

/// An error: the names cannot be those of an object.
Result<ApiRequest> createEvent(const EventSeries& series, const std::string& nodeName);
/// Of count, time and message of an Event that was created before.
Result<ApiRequest> repeatEvent(const EventSeries& series);

} // namespace plimsoll::kube
