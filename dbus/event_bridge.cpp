// SPDX-License-Identifier: Apache-2.0
#include "dbus/event_bridge.hpp"

#include "dbus/sdbus_compat.hpp"

#include <ctime>
#include <exception>
#include <system_error>
#include <systemd/sd-event.h>
#include <utility>

namespace plimsoll::dbus {

namespace {

/// After everything else that is due: anybody may ask for everything at any time (a list of 500
/// pods takes 50 ms), and the tick comes first.
constexpr std::int64_t kPriority = SD_EVENT_PRIORITY_NORMAL + 10;

void check(int result, const char* what) {
    if (result < 0)
        throw std::system_error(-result, std::generic_category(), what);
}

} // namespace

EventBridge::EventBridge(sd_event* event, sdbus::IConnection& connection,
                         std::function<void(const std::string&)> onLost)
    : connection_(connection), onLost_(std::move(onLost)) {
    const auto poll = connection_.getEventLoopPollData();
    sd_event_source* source = nullptr;
    check(sd_event_add_io(event, &source, poll.fd, static_cast<std::uint32_t>(poll.events),
                          &EventBridge::onReady, this),
          "dbus-io");
    io_.reset(source);
    check(sd_event_source_set_prepare(source, &EventBridge::onPrepare), "dbus-io");
    check(sd_event_source_set_priority(source, kPriority), "dbus-io");
    sd_event_source_set_description(source, "dbus-io");
    check(sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, 0, &EventBridge::onTime, this),
          "dbus-time");
    time_.reset(source);
    check(sd_event_source_set_priority(source, kPriority), "dbus-time");
    sd_event_source_set_description(source, "dbus-time");
}

int EventBridge::onPrepare(sd_event_source*, void* self) noexcept {
    static_cast<EventBridge*>(self)->prepare();
    return 0;
}

int EventBridge::onReady(sd_event_source*, int, std::uint32_t, void* self) noexcept {
    static_cast<EventBridge*>(self)->process();
    return 0;
}

int EventBridge::onTime(sd_event_source*, std::uint64_t, void* self) noexcept {
    static_cast<EventBridge*>(self)->process();
    return 0;
}

void EventBridge::prepare() noexcept {
    if (lost_)
        return;
    try {
        const auto poll = connection_.getEventLoopPollData();
        // poll(2) and epoll have the same bits for what sd-bus asks for.
        check(sd_event_source_set_io_events(io_.get(), static_cast<std::uint32_t>(poll.events)),
              "dbus-io");
        // Queued messages have a deadline of 0, so the timer fires at once.
        if (const auto at = deadline(poll)) {
            check(sd_event_source_set_time(time_.get(), *at), "dbus-time");
            check(sd_event_source_set_enabled(time_.get(), SD_EVENT_ONESHOT), "dbus-time");
        } else {
            check(sd_event_source_set_enabled(time_.get(), SD_EVENT_OFF), "dbus-time");
        }
    } catch (const std::exception& error) {
        lost(error.what());
    } catch (...) {
        lost("unexpected failure");
    }
}

void EventBridge::process() noexcept {
    if (lost_)
        return;
    try {
        // One message a turn; prepare() asks for the next turn at once if there are more.
        processOne(connection_);
    } catch (const std::exception& error) {
        lost(error.what());
    } catch (...) {
        lost("unexpected failure");
    }
}

void EventBridge::lost(const char* why) noexcept {
    lost_ = true;
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(time_.get(), SD_EVENT_OFF);
    try {
        onLost_(why);
    } catch (...) {
        return; // nobody is left to be told
    }
}

} // namespace plimsoll::dbus
