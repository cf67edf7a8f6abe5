// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/timer.hpp"

#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

namespace plimsoll::kube {
namespace {

/// Nobody waits for these: they may share a wake-up with others.
constexpr std::uint64_t kAccuracy = 100'000; // µs

} // namespace

Timer::Timer(sd_event* event, const char* description, std::function<void()> due)
    : event_(event), due_(std::move(due)) {
    sd_event_source* source = nullptr;
    const int status =
        sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, kAccuracy, &Timer::fired, this);
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), description);
    }
    source_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, description);
}

MonotonicTime Timer::now() const {
    std::uint64_t now = 0;
    sd_event_now(event_, CLOCK_MONOTONIC, &now);
    return MonotonicTime{std::chrono::microseconds(now)};
}

void Timer::set(std::chrono::microseconds wait) {
    const auto due = now().time_since_epoch() + wait;
    sd_event_source_set_time(
        source_.get(), static_cast<std::uint64_t>(
                           std::chrono::duration_cast<std::chrono::microseconds>(due).count()));
    sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
    set_ = true;
}

int Timer::fired(sd_event_source*, std::uint64_t, void* self) noexcept {
    auto& timer = *static_cast<Timer*>(self);
    timer.set_ = false;
    try {
        timer.due_();
    } catch (...) {
        return 0; // no memory: whatever comes next sets it again
    }
    return 0;
}

} // namespace plimsoll::kube
