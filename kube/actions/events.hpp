// SPDX-License-Identifier: Apache-2.0
// Kubernetes Events: what happened on this node, for those who look with kubectl. Best effort: they
// are aggregated, rate-limited and dropped rather than waited for; the journal has everything.
#pragma once

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
    EventRecorder(sd_event* event, Api& api, std::string nodeName);
    ~EventRecorder();
    EventRecorder(const EventRecorder&) = delete;
    EventRecorder& operator=(const EventRecorder&) = delete;

    /// Never fails and never waits.
    void record(EventNote note);

    struct Counts {
        std::uint64_t created = 0, repeated = 0, dropped = 0, failed = 0;
    };
    [[nodiscard]] Counts counts() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
