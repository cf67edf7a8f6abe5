// SPDX-License-Identifier: Apache-2.0
// sd-event sources that belong to somebody.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

struct sd_event;
struct sd_event_source;

namespace plimsoll::dbus {

struct EventSourceRelease {
    void operator()(sd_event_source* source) const noexcept;
};
using EventSource = std::unique_ptr<sd_event_source, EventSourceRelease>;

/// Fires once after each start(). The action may start it again, and may throw: what is not caught
/// by the action ends here and not in the C frames of the loop.
class Timer {
public:
    Timer(sd_event* event, const char* description, std::function<void()> action);
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() = default;

    void start(std::chrono::microseconds delay) noexcept;
    void stop() noexcept;

private:
    static int fire(sd_event_source* source, std::uint64_t usec, void* self) noexcept;

    std::function<void()> action_;
    EventSource source_;
};

} // namespace plimsoll::dbus
