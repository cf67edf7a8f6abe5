// SPDX-License-Identifier: Apache-2.0
// org.freedesktop.LogControl1: systemctl service-log-level, service-log-target.
#pragma once

#include "dbus/object_path.hpp"
#include "dbus/sdbus_compat.hpp"
#include "dbus/service.hpp"
#include "org.freedesktop.LogControl1.adaptor.hpp"

#include <string>

namespace plimsoll::dbus {

/// Writes are privileged (root) by the interface's annotation and by the bus policy.
class LogControlObject final
    : public sdbus::AdaptorInterfaces<org::freedesktop::LogControl1_adaptor> {
public:
    LogControlObject(sdbus::IConnection& connection, const LogControl& control);
    LogControlObject(const LogControlObject&) = delete;
    LogControlObject& operator=(const LogControlObject&) = delete;
    ~LogControlObject();

private:
    std::string LogLevel() override;
    void LogLevel(const std::string& value) override;
    std::string LogTarget() override;
    void LogTarget(const std::string& value) override;
    std::string SyslogIdentifier() override;

    const LogControl& control_;
};

} // namespace plimsoll::dbus
