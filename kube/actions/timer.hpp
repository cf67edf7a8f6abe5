// SPDX-License-Identifier: Apache-2.0
// A moment on the loop that something waits for.
#pragma once

#include "daemon/model/units.hpp"
#include "kube/http/event_source.hpp"

#include <chrono>
#include <functional>

namespace plimsoll::kube {

class Timer {
public:
    /// Throws std::system_error when the loop cannot be had. What `due` throws is lost.
    Timer(sd_event* event, const char* description, std::function<void()> due);

    /// Once, so long from now; instead of what was set before.
    void set(std::chrono::microseconds wait);
    [[nodiscard]] bool isSet() const { return set_; }
    [[nodiscard]] MonotonicTime now() const;

private:
    static int fired(sd_event_source*, std::uint64_t, void* self) noexcept;

    sd_event* event_;
    std::function<void()> due_;
    bool set_ = false;
    http::EventSource source_;
};

} // namespace plimsoll::kube
