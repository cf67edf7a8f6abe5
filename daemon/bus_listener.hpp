// SPDX-License-Identifier: Apache-2.0
// What the engine tells goes to the D-Bus service.
#pragma once

#include "daemon/engine.hpp"
#include "daemon/log.hpp"
#include "dbus/service.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace plimsoll {

class BusListener : public Listener {
public:
    BusListener(sd_event* event, const Published& state, dbus::MetricRecorder recordMetric)
        : service_(
              event, state,
              dbus::LogControl{.level = log::level,
                               .setLevel = log::setLevel,
                               .target = log::target,
                               .setTarget = log::setTarget},
              [](bool connected, const std::string& sentence) {
                  spdlog::log(connected ? spdlog::level::info : spdlog::level::warn, "{}",
                              sentence);
              },
              std::move(recordMetric)) {}

    void ruleTriggered(const RuleStatus& rule) override { service_.ruleTriggered(rule); }
    void ruleRestored(const RuleStatus& rule) override { service_.ruleRestored(rule); }
    void stepFinished(const Outcome& outcome) override { service_.stepFinished(outcome); }
    void policyChanged() override { service_.policyChanged(); }
    void tickDone() override { service_.publish(); }

private:
    dbus::Service service_;
};

} // namespace plimsoll
