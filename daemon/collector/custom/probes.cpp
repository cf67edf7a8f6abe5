// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probes.hpp"

#include "daemon/collector/custom/probe_schedule.hpp"
#include "kube/http/event_source.hpp"
#include "kube/http/sentences.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

namespace plimsoll::collector {
namespace {

/// A hundred pods that hang until their time-out of 10 s at most, each four intervals after the one
/// before, take 100 × 10 s / (4 × 10 s) = 25 places at a time; the pods that answer need some, too.
constexpr unsigned kMostPodsAtOnce = 64;

/// Rules wait for these. They have places of their own, which no number of pods can take.
constexpr unsigned kMostNodeQosAtOnce = 16;

/// Of all probes together. One with fifteen labels of its pod takes 3.1 KB here, and again in the
/// samples of this tick and of the one before: 46 MB of the 128 that the daemon may have.
constexpr std::size_t kMostSeries = 5'000;

/// Probes that are due together save wake-ups.
constexpr std::uint64_t kTimerAccuracy = 20'000; // µs

MonotonicTime nowOf(sd_event* event) {
    std::uint64_t now = 0;
    sd_event_now(event, CLOCK_MONOTONIC, &now);
    return MonotonicTime{std::chrono::microseconds(now)};
}

std::uint64_t toMicroseconds(MonotonicTime time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

std::set<std::string, std::less<>> watchedMetrics(const PolicySet& policy) {
    std::set<std::string, std::less<>> names;
    for (const auto& nodeQos : policy.nodeQos) {
        for (const auto& rule : nodeQos.rules) {
            names.insert(rule.metric);
        }
    }
    return names;
}

/// A pod must not speak for another one, so what is known of it stays; a label of its answer that
/// has the name of one is kept as exported_NAME, as Prometheus does.
Labels joined(const Labels& known, const Labels& answered) {
    Labels result = known;
    for (const auto& [name, value] : answered) {
        std::string kept = name;
        while (result.contains(kept) || (kept != name && answered.contains(kept))) {
            kept.insert(0, "exported_");
        }
        result.emplace(std::move(kept), value);
    }
    return result;
}

} // namespace

/// One target with its timer and its last values.
class Probe {
public:
    Probe(ProbeTarget target, std::chrono::microseconds interval, ProbeContext& context);
    ~Probe() { context_.series -= series_.size(); }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    [[nodiscard]] const ProbeTarget& target() const { return target_; }
    void changeInterval(std::chrono::microseconds interval);
    void append(CustomSamples& to) const;

private:
    void startTimer();
    void setTimer();
    void ask();
    void take(const Result<kube::http::Answer>& answer);
    [[nodiscard]] Result<ProbeReading> read(const kube::http::Answer& answer) const;
    void takeSeries(std::vector<ParsedSeries> series, std::string problem);
    void setProblem(std::string reason);
    static int due(sd_event_source*, std::uint64_t, void* self) noexcept;

    ProbeTarget target_;
    ProbeContext& context_;
    ProbeSchedule schedule_;
    std::vector<ParsedSeries> series_;
    MonotonicTime at_;
    std::string problem_;
    kube::http::EventSource timer_; ///< null: it cannot be asked
    kube::http::Call call_;
    bool asking_ = false;
};

Probe::Probe(ProbeTarget target, std::chrono::microseconds interval, ProbeContext& context)
    : target_(std::move(target)), context_(context),
      schedule_(target_.source, interval, nowOf(context.event)), problem_(target_.obstacle) {
    if (target_.obstacle.empty()) {
        startTimer();
    }
}

void Probe::startTimer() {
    sd_event_source* source = nullptr;
    const int status =
        sd_event_add_time(context_.event, &source, CLOCK_MONOTONIC, toMicroseconds(schedule_.due()),
                          kTimerAccuracy, &Probe::due, this);
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), "making the timer of a probe");
    }
    timer_.reset(source);
    sd_event_source_set_description(source, "probe");
}

void Probe::setTimer() {
    sd_event_source_set_time(timer_.get(), toMicroseconds(schedule_.due()));
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
}

void Probe::changeInterval(std::chrono::microseconds interval) {
    schedule_.changeInterval(interval, nowOf(context_.event));
    if (timer_ && !asking_) {
        setTimer();
    }
}

int Probe::due(sd_event_source*, std::uint64_t, void* self) noexcept {
    auto& probe = *static_cast<Probe*>(self);
    try {
        probe.ask();
    } catch (...) { // no memory
        probe.asking_ = false;
        probe.schedule_.ran(false, nowOf(probe.context_.event));
        probe.setTimer();
    }
    return 0;
}

/// The timer stays off until there is an answer: one request of a probe at a time.
void Probe::ask() {
    auto& client = target_.pod.empty() ? context_.nodeQosClient : context_.podClient;
    call_ = client.start(target_.request,
                         [this](const Result<kube::http::Answer>& answer) { take(answer); });
    asking_ = true;
}

void Probe::take(const Result<kube::http::Answer>& answer) {
    asking_ = false;
    auto reading = answer ? read(*answer) : std::unexpected(answer.error());
    schedule_.ran(reading.has_value(), nowOf(context_.event));
    setTimer();
    if (reading) {
        takeSeries(std::move(reading->series), std::move(reading->problem));
    } else {
        setProblem(std::move(reading).error().what);
    }
}

Result<ProbeReading> Probe::read(const kube::http::Answer& answer) const {
    auto reading = readAnswer(answer.contentType, answer.body, target_.expected);
    if (!reading) {
        return kube::http::failed(target_.request, reading.error().what);
    }
    return reading;
}

void Probe::takeSeries(std::vector<ParsedSeries> series, std::string problem) {
    const auto builtin = std::ranges::find_if(
        series, [this](const ParsedSeries& each) { return context_.isBuiltin(each.name); });
    if (builtin != series.end()) {
        problem += (problem.empty() ? "" : "; ") + builtin->name +
                   " is a metric of Plimsoll's own and is left out";
    }
    std::erase_if(series, [this](const ParsedSeries& each) {
        return context_.isBuiltin(each.name) || !context_.watched.contains(each.name);
    });
    const std::size_t total = context_.series - series_.size() + series.size();
    if (total > kMostSeries) { // the last values stay, and go stale
        setProblem("with its answer there are more than 5000 series of all probes");
        return;
    }
    for (auto& each : series) {
        each.labels = joined(target_.labels, each.labels);
    }
    context_.series = total;
    series_ = std::move(series);
    at_ = nowOf(context_.event);
    ++context_.generation;
    setProblem(std::move(problem));
}

void Probe::setProblem(std::string reason) {
    if (reason != problem_) {
        problem_ = std::move(reason);
        ++context_.generation;
    }
}

void Probe::append(CustomSamples& to) const {
    for (const auto& each : series_) {
        const auto same = [&](const CustomMetric& metric) { return metric.name == each.name; };
        if (to.metrics.empty() || !same(to.metrics.back())) {
            to.metrics.push_back({.name = each.name, .series = {}});
        }
        to.metrics.back().series.push_back({.labels = each.labels,
                                            .value = each.value,
                                            .at = at_,
                                            .nodeQos = target_.nodeQos,
                                            .pod = target_.pod});
    }
    if (!problem_.empty()) {
        to.problems.push_back({.source = target_.source, .reason = problem_});
    }
}

Probes::Probes(sd_event* event, bool (*isBuiltin)(std::string_view name))
    : context_{.event = event,
               .podClient{event, kMostPodsAtOnce},
               .nodeQosClient{event, kMostNodeQosAtOnce},
               .isBuiltin = isBuiltin} {}

Probes::~Probes() = default;

void Probes::setPolicy(const PolicySet& policy, const ProbeSettings& settings) {
    context_.watched = watchedMetrics(policy);
    std::vector<std::shared_ptr<Probe>> probes;
    for (auto& target : probeTargets(policy, settings, context_.isBuiltin)) {
        const auto same = std::ranges::find_if(
            probes_, [&target](const auto& probe) { return probe->target() == target; });
        if (same == probes_.end()) {
            probes.push_back(
                std::make_shared<Probe>(std::move(target), settings.interval, context_));
        } else {
            (*same)->changeInterval(settings.interval);
            probes.push_back(*same);
        }
    }
    probes_ = std::move(probes);
    ++context_.generation;
}

void Probes::append(CustomSamples& to) const {
    for (const auto& probe : probes_) {
        probe->append(to);
    }
}

} // namespace plimsoll::collector
