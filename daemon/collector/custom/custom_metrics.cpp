// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/custom_metrics.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace plimsoll::collector {
namespace {

/// Orders metrics by name; those of one name become one, with the series in the order of the
/// sources.
void merge(std::vector<CustomMetric>& metrics) {
    std::ranges::stable_sort(metrics, {}, &CustomMetric::name);
    std::vector<CustomMetric> merged;
    for (auto& metric : metrics) {
        if (merged.empty() || merged.back().name != metric.name) {
            merged.push_back(std::move(metric));
        } else {
            std::ranges::move(metric.series, std::back_inserter(merged.back().series));
        }
    }
    metrics = std::move(merged);
}

bool isOfAPod(const SeriesSample& series) {
    return !series.pod.empty();
}

/// From textfiles or RecordMetric, which root alone can use.
bool isTrusted(const SeriesSample& series) {
    return series.pod.empty() && series.nodeQos.empty();
}

/// Whoever owns a pod could otherwise raise, or hide among many, what root says of the node.
void dropPodsBesideTrusted(CustomSamples& samples) {
    for (auto& metric : samples.metrics) {
        if (std::ranges::any_of(metric.series, isTrusted) &&
            std::erase_if(metric.series, isOfAPod) > 0) {
            samples.problems.push_back(
                {"podQualityProbe (" + metric.name + ")",
                 "a textfile or RecordMetric delivers this metric: what pods answer under its name "
                 "is left out"});
        }
    }
}

} // namespace

CustomMetrics::CustomMetrics(std::string textfileDirectory, IsBuiltin isBuiltin)
    : isBuiltin_(isBuiltin), textfiles_(std::move(textfileDirectory), isBuiltin) {
    addSource(textfiles_);
    addSource(recorded_);
}

void CustomMetrics::addSource(const SampleSource& source) {
    // One behind, so that the next samples() takes it in.
    sources_.push_back({&source, source.generation() - 1});
}

void CustomMetrics::readTextfiles(MonotonicTime now,
                                  std::chrono::system_clock::time_point realtime) {
    textfiles_.read(now, realtime);
}

Result<void> CustomMetrics::record(std::string_view name, double value, const Labels& labels,
                                   std::chrono::nanoseconds validFor, MonotonicTime now) {
    if (isBuiltin_(name)) {
        return fail(EINVAL, std::string(name) + " is a metric of Plimsoll's own");
    }
    return recorded_.record(name, value, labels, validFor, now);
}

std::shared_ptr<const CustomSamples> CustomMetrics::samples(MonotonicTime now) {
    recorded_.forget(now);
    if (takeGenerations()) {
        samples_ = gather();
    }
    return samples_;
}

/// Whether any is another one.
bool CustomMetrics::takeGenerations() {
    bool changed = false;
    for (auto& [source, generation] : sources_) {
        const std::uint64_t before = std::exchange(generation, source->generation());
        changed |= before != generation;
    }
    return changed;
}

std::shared_ptr<const CustomSamples> CustomMetrics::gather() const {
    auto result = std::make_shared<CustomSamples>();
    for (const auto& [source, generation] : sources_) {
        source->append(*result);
    }
    merge(result->metrics);
    dropPodsBesideTrusted(*result);
    return result;
}

} // namespace plimsoll::collector
