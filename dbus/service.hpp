// SPDX-License-Identifier: Apache-2.0
// org.plimsoll.Node1 on the system bus: what the daemon sees and does, and why.
#pragma once

#include "daemon/model/plan.hpp"
#include "daemon/model/published.hpp"
#include "dbus/metric_recorder.hpp"

#include <functional>
#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::dbus {

/// org.freedesktop.LogControl1 (systemctl service-log-level), backed by the daemon's logger.
struct LogControl {
    std::function<std::string()> level;
    std::function<bool(const std::string&)> setLevel; ///< false: no such level
    std::function<std::string()> target;
    std::function<bool(const std::string&)> setTarget;
};

/// Told when the connection comes, and once for each different reason why it is not there.
using BusReport = std::function<void(bool connected, const std::string& sentence)>;

/// Owns the connection. A bus that is missing or dies never stops protection: the service tries
/// again by a timer on the event loop, takes the name again and shows the current state. It never
/// waits for a bus that does not answer. No exception leaves it but std::system_error and
/// std::bad_alloc of the constructor.
class Service {
public:
    /// Connects from the loop, not in here. `state` is borrowed and must outlive the service; it is
    /// read when a property is asked for, so it may only change on the loop's thread.
    /// `recordMetric` is called for RecordMetric(); without one the method answers NotSupported.
    Service(sd_event* event, const Published& state, LogControl logControl, BusReport report = {},
            MetricRecorder recordMetric = {});
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// After every tick: adds and removes objects, emits the batched PropertiesChanged, by
    /// comparing the state with what the bus was told last. When nothing is different it sends
    /// nothing and allocates nothing.
    void publish();

    /// Signals of the Manager object. Lost while there is no bus.
    void ruleTriggered(const RuleStatus& rule);
    void ruleRestored(const RuleStatus& rule);
    /// Silent for previews, for what is unavailable or pending, and for pods that vanished first.
    void stepFinished(const Outcome& outcome);
    void policyChanged();

    /// Connected, and org.plimsoll.Node1 is ours.
    [[nodiscard]] bool connected() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::dbus
