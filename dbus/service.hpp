// SPDX-License-Identifier: Apache-2.0
// org.plimsoll.Node1 on the system bus, read side: what the daemon sees and does.
#pragma once

#include "daemon/model/plan.hpp"
#include "daemon/model/published.hpp"

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

/// Owns the connection. A bus that is missing or dies never stops protection: the service tries
/// again by a timer on the event loop, takes the name again and shows the current state.
/// No exception leaves it.
class Service {
public:
    /// `state` is borrowed and must outlive the service; it is read when a property is asked for.
    Service(sd_event* event, const Published& state, LogControl logControl);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// After a tick: adds and removes objects, emits the batched PropertiesChanged. Does nothing
    /// when the tick changed nothing.
    void publish();

    /// Signals of the Manager object.
    void ruleTriggered(const RuleStatus& rule);
    void ruleRestored(const RuleStatus& rule);
    void stepFinished(const Outcome& outcome);
    void policyChanged();

    [[nodiscard]] bool connected() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::dbus
