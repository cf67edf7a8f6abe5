// SPDX-License-Identifier: Apache-2.0
// The sources of custom metrics, wired to the loop: textfiles, probes, and what D-Bus records.
#pragma once

#include "daemon/collector/custom/custom_metrics.hpp"
#include "daemon/collector/custom/probes.hpp"
#include "daemon/config/config.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/model/policy.hpp"
#include "dbus/metric_recorder.hpp"

#include <memory>

namespace plimsoll {

class CustomSources {
public:
    CustomSources(EventLoop& loop, const Config& config);

    /// Asks what these policies' probes ask for, as often as the configuration says.
    void setPolicy(const PolicySet& policy, const Config& config);

    Result<void> record(const dbus::RecordedMetric& metric);

    /// For one tick. Textfiles are looked at now and then, also where no change was told.
    std::shared_ptr<const CustomSamples> samples(MonotonicTime now);

private:
    void readTextfiles(MonotonicTime now);

    collector::Probes probes_; // before metrics_, which asks it
    collector::CustomMetrics metrics_;
    std::chrono::milliseconds textfileInterval_;
    MonotonicTime nextTextfiles_;
};

} // namespace plimsoll
