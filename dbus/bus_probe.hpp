// SPDX-License-Identifier: Apache-2.0
// Asks whether there is a system bus that answers, without ever waiting for it.
//
// sdbus-c++ connects synchronously. Where systemd holds the bus socket but the bus itself is wedged
// or restarting, that would stop the loop, and with it protection, for up to 90 s.
#pragma once

#include "daemon/model/error.hpp"
#include "dbus/event_source.hpp"

#include <functional>
#include <memory>
#include <systemd/sd-bus.h>

namespace plimsoll::dbus {

class BusProbe {
public:
    struct Answer {
        bool nameTaken = false; ///< somebody owns the name already
    };
    using Done = std::function<void(Result<Answer>)>;

    /// `done` is called once from the loop. It must not destroy the probe: start a timer.
    BusProbe(sd_event* event, const char* name, Done done);
    BusProbe(const BusProbe&) = delete;
    BusProbe& operator=(const BusProbe&) = delete;
    ~BusProbe() = default;

private:
    struct Close {
        void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
    };
    static int onReply(sd_bus_message* reply, void* self, sd_bus_error* error) noexcept;
    Result<void> ask(sd_event* event, const char* name);
    void finish(Result<Answer> answer);

    Done done_;
    Error failure_{ETIMEDOUT, "the bus does not answer"}; ///< or why it could not even be asked
    Timer patience_;
    std::unique_ptr<sd_bus, Close> bus_;
};

} // namespace plimsoll::dbus
