// SPDX-License-Identifier: Apache-2.0
// An sd-event source that belongs to somebody.
#pragma once

#include <memory>
#include <systemd/sd-event.h>

namespace plimsoll::kube::http {

struct EventSourceRelease {
    void operator()(sd_event_source* source) const noexcept {
        sd_event_source_disable_unref(source);
    }
};
/// Takes a source out of its loop. May be destroyed while it is being dispatched.
using EventSource = std::unique_ptr<sd_event_source, EventSourceRelease>;

} // namespace plimsoll::kube::http
