// SPDX-License-Identifier: Apache-2.0
#include "dbus/session.hpp"

#include "dbus/object_path.hpp"

#include <chrono>
#include <utility>

namespace plimsoll::dbus {

namespace {

/// For the few calls to the bus itself that wait for the answer.
constexpr std::chrono::seconds kBusTimeout{2};

std::unique_ptr<sdbus::IConnection> connect() {
    // The system bus and not just any address: only there does libsystemd check privileges.
    auto connection = sdbus::createSystemBusConnection();
    connection->setMethodCallTimeout(kBusTimeout);
    addObjectManager(*connection, kRootPath);
    return connection;
}

} // namespace

Session::Session(sd_event* event, const Published& state, const LogControl& logControl,
                 const MetricRecorder& recordMetric, std::function<void(const std::string&)> onLost)
    : connection_(connect()), rules_(*connection_, state), pods_(*connection_, state),
      manager_(*connection_, state, rules_, pods_, recordMetric),
      logControl_(*connection_, logControl) {
    publish(false);
    // Last, so that whoever sees the name finds everything behind it.
    connection_->requestName(BusServiceName{kBusName});
    bridge_ = std::make_unique<EventBridge>(event, *connection_, std::move(onLost));
}

void Session::publish(bool signal) {
    const bool rulesChanged = rules_.publish(signal);
    const bool throttledChanged = pods_.publish(signal);
    manager_.publish(signal, rulesChanged, throttledChanged);
}

} // namespace plimsoll::dbus
