// SPDX-License-Identifier: Apache-2.0
// An event loop that runs until something holds.
#pragma once

#include <chrono>
#include <functional>
#include <systemd/sd-event.h>

namespace plimsoll::test {

class Loop {
public:
    Loop() { sd_event_new(&event_); }
    ~Loop() { sd_event_unref(event_); }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] sd_event* raw() const { return event_; }

    /// False when it does not hold within so long.
    bool runUntil(const std::function<bool()>& holds,
                  std::chrono::milliseconds longest = std::chrono::seconds(10)) {
        const auto end = std::chrono::steady_clock::now() + longest;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end || sd_event_run(event_, 10'000) < 0) {
                return false;
            }
        }
        return true;
    }
    void runFor(std::chrono::milliseconds duration) {
        runUntil([] { return false; }, duration);
    }

private:
    sd_event* event_ = nullptr;
};

} // namespace plimsoll::test
