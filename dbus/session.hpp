// SPDX-License-Identifier: Apache-2.0
// One life on the bus: the connection and everything on it, made and dropped as a whole.
#pragma once

#include "daemon/model/published.hpp"
#include "dbus/event_bridge.hpp"
#include "dbus/log_control_object.hpp"
#include "dbus/manager_object.hpp"
#include "dbus/pod_object.hpp"
#include "dbus/rule_object.hpp"
#include "dbus/sdbus_compat.hpp"

#include <functional>
#include <memory>
#include <string>

namespace plimsoll::dbus {

class Session {
public:
    /// Connects, shows the current state and takes the name; throws when that fails. Waits for the
    /// bus: make sure with BusProbe that it answers.
    Session(sd_event* event, const Published& state, const LogControl& logControl,
            const MetricRecorder& recordMetric, std::function<void(const std::string& why)> onLost);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() = default;

    /// Brings the objects up to date and tells what is different; throws when the bus is lost.
    void publish() { publish(true); }
    ManagerObject& manager() { return manager_; }

private:
    void publish(bool signal);

    // In this order: the objects go before the connection.
    std::unique_ptr<sdbus::IConnection> connection_;
    RuleObjects rules_;
    PodObjects pods_;
    ManagerObject manager_;
    LogControlObject logControl_;
    std::unique_ptr<EventBridge> bridge_;
};

} // namespace plimsoll::dbus
