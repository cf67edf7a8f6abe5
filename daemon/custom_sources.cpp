// SPDX-License-Identifier: Apache-2.0
#include "daemon/custom_sources.hpp"

#include "daemon/analyzer/analyzer.hpp"

#include <spdlog/spdlog.h>

namespace plimsoll {

CustomSources::CustomSources(EventLoop& loop, const Config& config)
    : probes_(loop.raw(), analyzer::isBuiltinMetric),
      metrics_(config.textfileDirectory, analyzer::isBuiltinMetric),
      textfileInterval_(config.probeInterval) {
    metrics_.addSource(probes_);
    const auto watched =
        loop.onDirectoryChange(config.textfileDirectory, [this] { readTextfiles(monotonicNow()); });
    if (!watched) {
        spdlog::warn("{}", watched.error().what);
    }
}

void CustomSources::setPolicy(const PolicySet& policy, const Config& config) {
    textfileInterval_ = config.probeInterval;
    probes_.setPolicy(policy, {.interval = config.probeInterval,
                               .caFile = config.probeCaFile,
                               .metrics = config.metrics});
}

Result<void> CustomSources::record(const dbus::RecordedMetric& metric) {
    return metrics_.record(metric.name, metric.value, metric.labels, metric.validFor,
                           monotonicNow());
}

std::shared_ptr<const CustomSamples> CustomSources::samples(MonotonicTime now) {
    if (now >= nextTextfiles_) {
        readTextfiles(now);
    }
    return metrics_.samples(now);
}

void CustomSources::readTextfiles(MonotonicTime now) {
    nextTextfiles_ = now + textfileInterval_;
    metrics_.readTextfiles(now, std::chrono::system_clock::now());
}

} // namespace plimsoll
