// SPDX-License-Identifier: Apache-2.0
#include "dbus/log_control_object.hpp"

#include <functional>
#include <string_view>

namespace plimsoll::dbus {

namespace {

constexpr std::string_view kSyslogIdentifier = "plimsolld"; // must be what the journal has

std::string ask(const std::function<std::string()>& question) {
    return guarded([&] { return question ? question() : std::string(); });
}

void tell(const std::function<bool(const std::string&)>& setter, const std::string& value,
          const char* property) {
    guarded([&] {
        // Longer than any level or target: not worth repeating in an error.
        if (value.size() > 64 || !setter || !setter(value))
            throw busError("org.freedesktop.DBus.Error.InvalidArgs",
                           std::string("Invalid value for ") + property);
    });
}

} // namespace

LogControlObject::LogControlObject(sdbus::IConnection& connection, const LogControl& control)
    : AdaptorInterfaces(connection, sdbus::ObjectPath{kLogControlPath}), control_(control) {
    registerAdaptor();
}

LogControlObject::~LogControlObject() {
    unregisterAdaptor();
}

std::string LogControlObject::LogLevel() {
    return ask(control_.level);
}
void LogControlObject::LogLevel(const std::string& value) {
    tell(control_.setLevel, value, "LogLevel");
}
std::string LogControlObject::LogTarget() {
    return ask(control_.target);
}
void LogControlObject::LogTarget(const std::string& value) {
    tell(control_.setTarget, value, "LogTarget");
}
std::string LogControlObject::SyslogIdentifier() {
    return std::string(kSyslogIdentifier);
}

} // namespace plimsoll::dbus
