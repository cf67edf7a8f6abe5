// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/rule_value.hpp"

#include "daemon/analyzer/selectors.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <cmath>

namespace plimsoll::analyzer {
namespace {

using Why = RuleValue::Why;

/// Keeps the largest of what it is shown. An unknown series among known ones does not count: a pod
/// that has just started has no rate yet, and that must not blind the rule.
class Largest {
public:
    void see(std::size_t series, const Reading<double>& reading) {
        if (!reading || !std::isfinite(*reading)) {
            worst_ = std::max(worst_, Why::unknown);
            return;
        }
        if (value_.why != Why::known || *reading > value_.value) {
            value_ = {.why = Why::known, .value = *reading, .series = series};
        }
    }
    void sawStale() { worst_ = std::max(worst_, Why::stale); }

    /// `none` is said where nothing was seen at all.
    [[nodiscard]] RuleValue result(Why none) const {
        if (value_.why == Why::known) {
            return value_;
        }
        return {.why = worst_ == Why::known ? none : worst_};
    }

private:
    RuleValue value_{.why = Why::unknown};
    Why worst_ = Why::known;
};

/// Not held down, and not on its way out.
bool maySuffer(const BoundPod& bound) {
    return !bound.leaving && bound.of(Lever::cpuMax).held == kNone &&
           bound.of(Lever::memoryHigh).held == kNone;
}

/// The same of the pod that a delivered series is about.
bool maySuffer(const Tick& tick, const SeriesSample& series) {
    const auto pod = series.pod.empty() ? std::nullopt : tick.policy.findPod(series.pod);
    const auto sample = pod ? tick.data.sampleOfPod[*pod] : kNone;
    return sample == kNone || maySuffer(tick.data.bound[sample]);
}

bool isVictim(const Tick& tick, const CompiledRule& rule, std::size_t sample) {
    const auto& bound = tick.data.bound[sample];
    return bound.pod != kNone && rule.series[bound.pod] && maySuffer(bound);
}

RuleValue ofPods(const Tick& tick, const CompiledRule& rule) {
    Largest largest;
    for (std::size_t i = 0; i < tick.snapshot.pods.size(); ++i) {
        if (isVictim(tick, rule, i)) {
            largest.see(i, rule.metric->ofPod(tick.snapshot.pods[i]));
        }
    }
    return largest.result(Why::noSubject);
}

/// A device's only label.
bool selectsDevice(const CompiledRule& rule, std::string_view label, std::string_view name) {
    return !rule.rule.seriesSelector || matches(*rule.rule.seriesSelector, label, name);
}

template <class Sample>
RuleValue ofDevices(const std::vector<Sample>& devices, const CompiledRule& rule,
                    std::string_view label, Reading<double> (*read)(const Sample&)) {
    Largest largest;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (selectsDevice(rule, label, devices[i].name)) {
            largest.see(i, read(devices[i]));
        }
    }
    return largest.result(Why::noSubject);
}

bool counts(const CompiledRule& rule, const SeriesSample& series) {
    const bool isFor =
        rule.fromOwnProbe ? series.nodeQos == rule.key.policy : series.nodeQos.empty();
    return isFor &&
           (!rule.rule.seriesSelector || matches(*rule.rule.seriesSelector, series.labels));
}

RuleValue ofCustom(const Tick& tick, const CompiledRule& rule) {
    const auto* metric = tick.snapshot.custom->find(rule.metric->name);
    if (metric == nullptr) {
        return {.why = Why::noSeries};
    }
    Largest largest;
    for (std::size_t i = 0; i < metric->series.size(); ++i) {
        const auto& series = metric->series[i];
        if (!counts(rule, series) || !maySuffer(tick, series)) {
            continue;
        }
        const bool isFresh = tick.snapshot.at <= series.expires &&
                             tick.snapshot.at - series.at <= rule.localCacheTtl;
        if (isFresh) {
            largest.see(i, series.value);
        } else {
            largest.sawStale();
        }
    }
    return largest.result(Why::noSeries);
}

RuleValue ofOne(const Reading<double>& reading) {
    Largest largest;
    largest.see(0, reading);
    return largest.result(Why::unknown);
}

/// Longer is no use to anybody: it stands in every reason and every entry of the journal.
constexpr std::size_t kLongestSeriesName = 200;

/// "{app=web,zone=a}"
void append(const Labels& labels, std::string& text) {
    for (const auto& [key, value] : labels) {
        if (text.size() + key.size() + value.size() > kLongestSeriesName) {
            text += text.empty() ? "{…" : ",…";
            break;
        }
        text += text.empty() ? '{' : ',';
        text += key;
        text += '=';
        text += value;
    }
    text += text.empty() ? "" : "}";
}

} // namespace

std::optional<bool> RuleValue::above(double watermark) const {
    switch (why) {
    case Why::known: return value > watermark;
    case Why::noSubject: return false;
    default: return std::nullopt;
    }
}

RuleValue valueOf(const Tick& tick, const CompiledRule& rule) {
    const auto& metric = *rule.metric;
    const auto& node = tick.snapshot.node;
    switch (metric.subject) {
    case Subject::node: return ofOne(metric.ofNode(node));
    case Subject::disk: return ofDevices(node.disks, rule, kDiskLabel, metric.ofDisk);
    case Subject::interface:
        return ofDevices(node.interfaces, rule, kInterfaceLabel, metric.ofInterface);
    case Subject::pod: return ofPods(tick, rule);
    case Subject::policy: return ofOne(tick.policy.elasticCpuDistributed);
    case Subject::custom: return ofCustom(tick, rule);
    }
    return {};
}

void nameSeries(const Tick& tick, const CompiledRule& rule, const RuleValue& value,
                std::string& name) {
    name.clear();
    if (value.why != Why::known) {
        return;
    }
    const auto& node = tick.snapshot.node;
    switch (rule.metric->subject) {
    case Subject::disk: name += node.disks[value.series].name; break;
    case Subject::interface: name += node.interfaces[value.series].name; break;
    case Subject::pod: name += tick.policy.pods[tick.data.bound[value.series].pod].fullName; break;
    case Subject::custom:
        append(tick.snapshot.custom->find(rule.metric->name)->series[value.series].labels, name);
        break;
    case Subject::node:
    case Subject::policy: break;
    }
}

double ownValue(const Tick& tick, const CompiledRule& rule, std::size_t sample) {
    if (rule.metric->subject == Subject::pod) {
        return rule.metric->ofPod(tick.snapshot.pods[sample]).value_or(0);
    }
    const auto* metric = rule.metric->subject == Subject::custom
                             ? tick.snapshot.custom->find(rule.metric->name)
                             : nullptr;
    if (metric == nullptr) {
        return 0;
    }
    for (const auto& series : metric->series) {
        if (series.pod == tick.data.bound[sample].cgroup->uid && counts(rule, series)) {
            return series.value;
        }
    }
    return 0;
}

} // namespace plimsoll::analyzer
