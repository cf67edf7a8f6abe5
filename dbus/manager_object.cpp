// SPDX-License-Identifier: Apache-2.0
#include "dbus/manager_object.hpp"

#include "dbus/object_path.hpp"
#include "dbus/pod_object.hpp"
#include "dbus/rule_object.hpp"
#include "dbus/snapshot_dict.hpp"

#include <chrono>
#include <limits>

namespace plimsoll::dbus {

namespace {

template <class Unit>
double nodeReading(const Published& state, Reading<Amount<Unit>> NodeSample::* reading) {
    return state.snapshot ? number(state.snapshot->node.*reading)
                          : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection, const Published& state,
                             const RuleObjects& rules, const PodObjects& pods)
    : AdaptorInterfaces(connection, sdbus::ObjectPath{kManagerPath}), state_(state), rules_(rules),
      pods_(pods) {
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
    changes_.take(lastError_, state_.lastError, "LastError");
    if (signal && !changes_.empty())
        emitPropertiesChanged(getObject(), INTERFACE_NAME, changes_.names());
}

Dict ManagerObject::GetSnapshot() {
    return guarded(
        [&] { return state_.snapshot ? snapshotDict(*state_.snapshot, state_.pods) : Dict(); });
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
