// SPDX-License-Identifier: Apache-2.0
#include "dbus/event_source.hpp"

#include <ctime>
#include <system_error>
#include <systemd/sd-event.h>
#include <utility>

namespace plimsoll::dbus {

void EventSourceRelease::operator()(sd_event_source* source) const noexcept {
    sd_event_source_disable_unref(source);
}

Timer::Timer(sd_event* event, const char* description, std::function<void()> action)
    : action_(std::move(action)) {
    sd_event_source* source = nullptr;
    const int result = sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, 0, &Timer::fire, this);
    if (result < 0)
        throw std::system_error(-result, std::generic_category(), description);
    source_.reset(source);
    sd_event_source_set_description(source, description);
    stop();
}

void Timer::start(std::chrono::microseconds delay) noexcept {
    sd_event_source_set_time_relative(source_.get(), static_cast<std::uint64_t>(delay.count()));
    sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
}

void Timer::stop() noexcept {
    sd_event_source_set_enabled(source_.get(), SD_EVENT_OFF);
}

int Timer::fire(sd_event_source*, std::uint64_t, void* self) noexcept {
    try {
        static_cast<Timer*>(self)->action_();
    } catch (...) {
        return 0; // the action has dealt with what it can deal with
    }
    return 0;
}

} // namespace plimsoll::dbus
