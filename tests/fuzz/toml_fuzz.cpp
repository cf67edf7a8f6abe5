// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/reader.hpp"
#include "daemon/model/series.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace plimsoll::fuzz {
namespace {

using namespace std::chrono_literals;

void checkRanges(const Config& config) {
    require(config.interval >= 100ms && config.interval <= 60s, "the interval is in its range");
    require(config.probeInterval >= 1s && config.probeInterval <= 15s, "that of probes, too");
    require(config.evictionInterval >= 1s && config.evictionInterval <= 24h, "and of evictions");
    require(config.effectAfter >= 1s && config.effectAfter <= 5min, "effects show in time");
    require(config.futileFor >= 0s && config.futileFor <= 24h, "nothing is futile for ever");
    require(config.batch >= 1 && config.batch <= 100, "a batch is some pods");
    require(config.excessPercent >= 0 && config.excessPercent <= 100, "a percentage");
    require(config.policyDirectory.starts_with('/') && config.runtimeDirectory.starts_with('/') &&
                config.cgroupMount.starts_with('/') && config.textfileDirectory.starts_with('/'),
            "paths are absolute");
}

void checkMetric(const MetricSpec& metric) {
    require(isMetricName(metric.name), "a metric has a name");
    require(metric.actionPriority <= 10, "a priority is in its range");
    require(!metric.conversion ||
                (metric.conversion->perUnit > 0 && std::isfinite(metric.conversion->perUnit)),
            "a conversion is a positive number");
    auto order = metric.order;
    std::ranges::sort(order);
    require(std::ranges::adjacent_find(order) == order.end(), "no sort key is there twice");
}

} // namespace

void fuzzToml(std::string_view text) {
    Config config;
    std::vector<std::string> errors;
    readConfig(text, "f", config, errors);
    checkRanges(config);
    std::ranges::for_each(config.metrics, checkMetric);
    require(std::ranges::is_sorted(config.metrics, {}, &MetricSpec::name), "ordered by name");
    require(std::ranges::all_of(errors, [](const auto& e) { return e.starts_with("f:"); }),
            "an error says where");
    if (errors.empty()) {
        Config again = config;
        readConfig(text, "f", again, errors);
        require(errors.empty() && again == config, "laid over itself it changes nothing");
    }
}

} // namespace plimsoll::fuzz
