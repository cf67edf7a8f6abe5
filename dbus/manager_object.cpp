// SPDX-License-Identifier: Apache-2.0
#include "dbus/manager_object.hpp"

#include "dbus/object_path.hpp"
#include "dbus/pod_object.hpp"
#include "dbus/recorded_metric.hpp"
#include "dbus/rule_object.hpp"
#include "dbus/snapshot_dict.hpp"

#include <cerrno>
#include <chrono>
#include <limits>
#include <ranges>
#include <utility>

namespace plimsoll::dbus {

namespace {

template <class Unit>
double nodeReading(const Published& state, Reading<Amount<Unit>> NodeSample::* reading) {
    return state.snapshot ? number(state.snapshot->node.*reading)
                          : std::numeric_limits<double>::quiet_NaN();
}

constexpr const char* kNotFound = "org.plimsoll.Node1.Error.NotFound";
constexpr const char* kInvalidArgument = "org.plimsoll.Node1.Error.InvalidArgument";
constexpr const char* kLimitsExceeded = "org.plimsoll.Node1.Error.LimitsExceeded";

/// Policies are bounded where they are read; this keeps the message so, too.
constexpr std::ptrdiff_t kMostObjects = 1024;
constexpr std::ptrdiff_t kMostRemarks = 16;
constexpr std::ptrdiff_t kMostProblems = 256;

const std::vector<SourceProblem>& problemsOf(const Published& state) {
    static const std::vector<SourceProblem> kNone;
    return state.snapshot ? state.snapshot->custom->problems : kNone;
}

std::vector<std::string> firstOf(const std::vector<std::string>& remarks) {
    const auto shown = remarks | std::views::take(kMostRemarks);
    return {shown.begin(), shown.end()};
}

Dict objectDict(const ObjectStatus& object) {
    return {{"Kind", sdbus::Variant{object.kind}},
            {"Name", sdbus::Variant{object.name}},
            {"Origin", sdbus::Variant{object.origin}},
            {"Accepted", sdbus::Variant{object.accepted}},
            {"NotActedOn", sdbus::Variant{firstOf(object.notActedOn)}},
            {"Problems", sdbus::Variant{firstOf(object.problems)}}};
}

} // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection, const Published& state,
                             const RuleObjects& rules, const PodObjects& pods,
                             const MetricRecorder& recordMetric)
    : AdaptorInterfaces(connection, sdbus::ObjectPath{kManagerPath}), state_(state), rules_(rules),
      pods_(pods), recordMetric_(recordMetric) {
    registerAdaptor();
}

ManagerObject::~ManagerObject() {
    unregisterAdaptor();
}

void ManagerObject::publish(bool signal, bool rulesChanged, bool throttledChanged) {
    changes_.clear();
    changes_.take(nodeName_, state_.nodeName, "NodeName");
    changes_.take(mode_, state_.mode, "Mode");
    changes_.take(modeReason_, state_.modeReason, "ModeReason");
    if (rulesChanged)
        changes_.add("Rules");
    if (throttledChanged)
        changes_.add("ThrottledPods");
    changes_.take(podCount_, pods_.count(), "PodCount");
    changes_.take(podsOmitted_, pods_.omitted(), "PodsOmitted");
    changes_.take(policyGeneration_, state_.policyGeneration, "PolicyGeneration");
    changes_.take(refusals_, state_.refusals, "Refusals");
    changes_.take(objects_, state_.objects, "PolicyObjects");
    changes_.take(sourceProblems_, problemsOf(state_), "SourceProblems");
    changes_.take(cluster_, state_.cluster.state, "Cluster");
    changes_.take(clusterProblem_, state_.cluster.problem, "ClusterProblem");
    changes_.take(apiServer_, state_.cluster.server, "ApiServer");
    changes_.take(scheduling_, state_.cluster.scheduling, "Scheduling");
    changes_.take(lastError_, state_.lastError, "LastError");
    if (signal && !changes_.empty())
        emitPropertiesChanged(getObject(), INTERFACE_NAME, changes_.names());
}

Dict ManagerObject::GetSnapshot() {
    return guarded(
        [&] { return state_.snapshot ? snapshotDict(*state_.snapshot, state_.pods) : Dict(); });
}

std::vector<Dict> ManagerObject::Explain(const std::string& what) {
    return guarded([&] {
        auto found = explain(state_.explanations, what);
        if (!found)
            throw busError(kNotFound, "No decision is kept under that plan id, or about that pod");
        return *std::move(found);
    });
}

std::vector<DecisionRow> ManagerObject::ListDecisions(const std::uint32_t& most) {
    return guarded([&] { return listDecisions(state_.explanations, most); });
}

void ManagerObject::RecordMetric(const std::string& name, const double& value,
                                 const std::map<std::string, std::string>& labels,
                                 const Dict& options) {
    guarded([&] {
        if (!recordMetric_)
            throw busError("org.freedesktop.DBus.Error.NotSupported",
                           "This daemon takes no metrics over D-Bus");
        const auto metric = recordedMetric(name, value, labels, options);
        if (!metric)
            throw busError(kInvalidArgument, metric.error().what);
        if (const auto recorded = recordMetric_(*metric); !recorded)
            throw busError(recorded.error().code == ENOSPC ? kLimitsExceeded : kInvalidArgument,
                           recorded.error().what);
    });
}

std::string ManagerObject::Version() {
    return PLIMSOLL_VERSION;
}
std::string ManagerObject::NodeName() {
    return nodeName_;
}
std::string ManagerObject::Mode() {
    return std::string(name(mode_));
}
std::string ManagerObject::ModeReason() {
    return modeReason_;
}
std::vector<sdbus::ObjectPath> ManagerObject::Rules() {
    return rules_.paths();
}
std::vector<sdbus::ObjectPath> ManagerObject::ThrottledPods() {
    return pods_.throttled();
}
std::uint32_t ManagerObject::PodCount() {
    return podCount_;
}
std::uint32_t ManagerObject::PodsOmitted() {
    return podsOmitted_;
}
std::uint64_t ManagerObject::PolicyGeneration() {
    return policyGeneration_;
}
std::string ManagerObject::Cluster() {
    return std::string(name(cluster_));
}
std::string ManagerObject::ClusterProblem() {
    return clusterProblem_;
}
std::string ManagerObject::ApiServer() {
    return apiServer_;
}
std::uint64_t ManagerObject::MirroredAtUSec() {
    return static_cast<std::uint64_t>(state_.cluster.mirroredAt);
}
std::string ManagerObject::Scheduling() {
    return std::string(name(scheduling_));
}
std::string ManagerObject::LastError() {
    return lastError_;
}

std::vector<std::string> ManagerObject::Refusals() {
    std::vector<std::string> out;
    out.reserve(refusals_.size());
    for (const auto& refusal : refusals_)
        out.push_back(refusal.text());
    return out;
}

std::vector<Dict> ManagerObject::PolicyObjects() {
    return guarded([&] {
        std::vector<Dict> out;
        for (const auto& object : objects_ | std::views::take(kMostObjects))
            out.push_back(objectDict(object));
        return out;
    });
}

std::vector<std::string> ManagerObject::SourceProblems() {
    return guarded([&] {
        std::vector<std::string> out;
        for (const auto& problem : sourceProblems_ | std::views::take(kMostProblems))
            out.push_back(problem.source + ": " + problem.reason);
        return out;
    });
}

std::uint64_t ManagerObject::LastTick() {
    return state_.snapshot ? state_.snapshot->tick : 0;
}

std::uint64_t ManagerObject::LastTickMonotonicUSec() {
    if (!state_.snapshot)
        return 0;
    const auto since = state_.snapshot->at.time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::microseconds>(since).count());
}

double ManagerObject::CpuUsage() {
    return nodeReading(state_, &NodeSample::cpuUsage);
}
double ManagerObject::CpuUtilization() {
    return nodeReading(state_, &NodeSample::cpuUtilization);
}
double ManagerObject::MemoryTotal() {
    return nodeReading(state_, &NodeSample::memoryTotal);
}
double ManagerObject::MemoryUsage() {
    return nodeReading(state_, &NodeSample::memoryUsage);
}
double ManagerObject::MemoryUtilization() {
    return nodeReading(state_, &NodeSample::memoryUtilization);
}

} // namespace plimsoll::dbus
