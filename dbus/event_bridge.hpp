// SPDX-License-Identifier: Apache-2.0
// Runs an sdbus-c++ connection on an sd-event loop.
//
// sdbus-c++ can do that itself only from 2.0, and then an exception of a dying bus unwinds through
// the loop. This works the same on 1.2 and 2.x, and tells when the bus is lost.
#pragma once

#include "dbus/event_source.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace sdbus {
class IConnection;
}

namespace plimsoll::dbus {

class EventBridge {
public:
    /// `onLost` is called once, from the loop and below no frame of the connection, when the
    /// connection cannot be used any more. It must not destroy the bridge: start a timer.
    EventBridge(sd_event* event, sdbus::IConnection& connection,
                std::function<void(const std::string& why)> onLost);
    EventBridge(const EventBridge&) = delete;
    EventBridge& operator=(const EventBridge&) = delete;
    ~EventBridge() = default;

private:
    static int onPrepare(sd_event_source* source, void* self) noexcept;
    static int onReady(sd_event_source* source, int fd, std::uint32_t events, void* self) noexcept;
    static int onTime(sd_event_source* source, std::uint64_t usec, void* self) noexcept;
    void prepare() noexcept;
    void process() noexcept;
    void lost(const char* why) noexcept;

    sdbus::IConnection& connection_;
    std::function<void(const std::string&)> onLost_;
    EventSource io_;
    EventSource time_;
    bool lost_ = false;
};

} // namespace plimsoll::dbus
