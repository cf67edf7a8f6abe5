// SPDX-License-Identifier: Apache-2.0
// Kubernetes Events: what happened on this node, for those who look with kubectl. Best effort: they
// are aggregated, rate-limited and dropped rather than waited for; the journal has everything.
#pragma once

#include "kube/actions/wall_clock.hpp"
#include "kube/api/api.hpp"

#include <cstdint>
#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::kube {

struct EventNote {
    bool warning = false; ///< type Warning, else Normal
    std::string reason;   ///< "AvoidanceTriggered"
    std::string message;
    // About this pod; all empty: about the node.
    std::string namespaceName;
    std::string podName;
    std::string podUid;
};

class EventRecorder {
public:
    /// Throws std::system_error when the loop cannot be had.
    EventRecorder(sd_event* event, Api& api, std::string nodeName, WallClock clock = wallNow);
    ~EventRecorder();
    EventRecorder(const EventRecorder&) = delete;
    EventRecorder& operator=(const EventRecorder&) = delete;

    /// Never fails and never waits. What was said about the same object less than ten minutes ago,
    /// with other numbers perhaps, is counted up instead of said again.
    void record(EventNote note) noexcept;

    struct Counts {
        std::uint64_t created = 0;
        std::uint64_t repeated = 0; ///< counted up, with or without a request of its own
        std::uint64_t dropped = 0;  ///< too many at a time, or their namespace takes none
        std::uint64_t failed = 0;   ///< twice
    };
    [[nodiscard]] Counts counts() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
