// SPDX-License-Identifier: Apache-2.0
#include "dbus/bus_probe.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace plimsoll::dbus {

namespace {

/// A bus that is well answers within milliseconds.
constexpr std::chrono::seconds kPatience{5};

} // namespace

BusProbe::BusProbe(sd_event* event, const char* name, Done done)
    : done_(std::move(done)),
      patience_(event, "dbus-probe", [this] { finish(std::unexpected(failure_)); }) {
    if (auto asked = ask(event, name); asked) {
        patience_.start(kPatience);
    } else {
        // From the loop in this case too, so that `done` never runs inside this constructor.
        failure_ = std::move(asked.error());
        patience_.start(std::chrono::microseconds{0});
    }
}

Result<void> BusProbe::ask(sd_event* event, const char* name) {
    sd_bus* bus = nullptr;
    if (const int result = sd_bus_open_system(&bus); result < 0)
        return fail(-result, "no bus to connect to");
    bus_.reset(bus);
    if (const int result = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL); result < 0)
        return fail(-result, "attaching to the loop");
    const int result = sd_bus_call_method_async(
        bus, nullptr, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "NameHasOwner", &BusProbe::onReply, this, "s", name);
    if (result < 0)
        return fail(-result, "asking the bus");
    return {};
}

int BusProbe::onReply(sd_bus_message* reply, void* self, sd_bus_error*) noexcept {
    auto& probe = *static_cast<BusProbe*>(self);
    try {
        int taken = 0;
        if (const sd_bus_error* error = sd_bus_message_get_error(reply))
            probe.finish(fail(sd_bus_error_get_errno(error), error->message ? error->message : ""));
        else if (const int result = sd_bus_message_read(reply, "b", &taken); result < 0)
            probe.finish(fail(-result, "the bus answers nonsense"));
        else
            probe.finish(Answer{.nameTaken = taken != 0});
    } catch (...) {
        return 0; // the caller has dealt with what it can deal with
    }
    return 0;
}

void BusProbe::finish(Result<Answer> answer) {
    patience_.stop();
    if (auto done = std::exchange(done_, nullptr))
        done(std::move(answer));
}

} // namespace plimsoll::dbus
