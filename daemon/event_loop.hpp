// SPDX-License-Identifier: Apache-2.0
// The one sd-event loop of the daemon. Everything that happens, happens on it.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct sd_event;

namespace plimsoll {

/// CLOCK_MONOTONIC now.
MonotonicTime monotonicNow();

class EventLoop {
public:
    EventLoop(); ///< throws std::system_error when the kernel gives no epoll
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    [[nodiscard]] sd_event* raw() const;

    /// Calls `tick` at once and then every interval, counted from the previous deadline so that
    /// the period does not drift. Deadlines that were missed are left out, not caught up with.
    void everyInterval(std::chrono::microseconds interval,
                       std::function<void(MonotonicTime deadline)> tick);
    void changeInterval(std::chrono::microseconds interval);

    /// The signal is blocked for the process and arrives here instead.
    Result<void> onSignal(int signal, std::function<void()> handler);

    /// Calls `handler` once the directory has been quiet for a moment after files in it were
    /// written, renamed or removed. The directory need not exist yet: its parent is watched too.
    Result<void> onDirectoryChange(const std::string& directory, std::function<void()> handler);

    struct Source; ///< one handler; those without a Watch live as long as the loop
    using Watch = std::shared_ptr<Source>;

    /// Calls `handler` whenever the descriptor is readable, until the Watch is destroyed: that has
    /// to happen before the descriptor is closed.
    [[nodiscard]] Result<Watch> onReadable(int descriptor, std::function<void()> handler);

    /// Calls `handler` once, after the delay, unless the Watch is destroyed before.
    [[nodiscard]] Result<Watch> after(std::chrono::microseconds delay,
                                      std::function<void()> handler);

    /// Runs until exit() is called; returns its code.
    int run();
    void exit(int code);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll
