// SPDX-License-Identifier: Apache-2.0
#include "dbus/pod_object.hpp"

#include "dbus/object_path.hpp"
#include "dbus/snapshot_dict.hpp"

#include <limits>

namespace plimsoll::dbus {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

std::string textOf(const std::optional<CpuMax>& limit) {
    return limit ? formatCpuMax(*limit) : std::string();
}

} // namespace

PodObject::PodObject(sdbus::IConnection& connection, const Published& state, const PodUid& uid)
    : AdaptorInterfaces(connection, sdbus::ObjectPath{podPath(uid)}), state_(state), uid_(uid) {
    registerAdaptor();
}

PodObject::~PodObject() {
    unregisterAdaptor();
}

void PodObject::update(std::size_t index, Changes& changes) {
    index_ = index;
    const PodStatus& now = state_.pods[index];
    updateName(now.podName, changes);
    changes.take(cgroup_, now.cgroup->cgroup.path.value, "Cgroup");
    changes.take(qosClass_, now.qosClass, "QosClass");
    changes.take(priority_, now.priority, "Priority");
    changes.take(exemption_, now.exemption, "Exemption");
    updateLimits(changes);
}

void PodObject::updateName(const std::string& podName, Changes& changes) {
    if (podName_ == podName)
        return;
    podName_ = podName;
    const auto slash = podName.find('/');
    const bool whole = slash != std::string::npos;
    changes.take(namespace_, whole ? podName.substr(0, slash) : std::string(), "Namespace");
    changes.take(name_, whole ? podName.substr(slash + 1) : podName, "Name");
}

void PodObject::updateLimits(Changes& changes) {
    const std::uint64_t tick = state_.snapshot ? state_.snapshot->tick : 0;
    if (held != nullptr) {
        released_ = Released{tick, held->applied.cpuMax(), held->baseline.cpuMax()};
        changes.take(baseline_, std::optional(held->baseline.cpuMax()), "BaselineCpuMax");
        changes.take(causes_, held->causes, "Causes");
    } else {
        if (released_ && throttled_)
            released_->tick = tick;
        else if (released_ && released_->tick != tick)
            released_.reset();
        changes.take(baseline_, std::optional<plimsoll::CpuMax>(), "BaselineCpuMax");
        if (!causes_.empty()) {
            causes_.clear();
            changes.add("Causes");
        }
    }
    changes.take(throttled_, held != nullptr, "Throttled");
    changes.take(limit_, limitNow(), "CpuMax");
}

std::optional<CpuMax> PodObject::limitNow() const {
    if (held != nullptr)
        return held->applied.cpuMax();
    const PodSample* now = sample();
    if (now == nullptr || !now->cpuMax)
        return std::nullopt;
    if (released_ && *now->cpuMax == released_->applied)
        return released_->baseline;
    return *now->cpuMax;
}

void PodObject::emitChanged(const Changes& changes) {
    emitPropertiesChanged(getObject(), INTERFACE_NAME, changes.names());
}

const PodSample* PodObject::sample() const {
    if (!state_.snapshot || index_ >= state_.snapshot->pods.size())
        return nullptr;
    const PodSample& found = state_.snapshot->pods[index_];
    return found.pod->uid == uid_ ? &found : nullptr;
}

std::string PodObject::Namespace() {
    return namespace_;
}
std::string PodObject::Name() {
    return name_;
}
std::string PodObject::Uid() {
    return uid_.value;
}
std::string PodObject::Cgroup() {
    return cgroup_;
}
std::string PodObject::QosClass() {
    return std::string(name(qosClass_));
}
std::int32_t PodObject::Priority() {
    return priority_;
}
std::string PodObject::Exemption() {
    return exemption_;
}
std::string PodObject::CpuMax() {
    return textOf(limit_);
}
bool PodObject::Throttled() {
    return throttled_;
}
std::string PodObject::BaselineCpuMax() {
    return textOf(baseline_);
}

double PodObject::CpuUsage() {
    const PodSample* now = sample();
    return now != nullptr ? number(now->cpuUsage) : kNotKnown;
}

double PodObject::MemoryWorkingSet() {
    const PodSample* now = sample();
    return now != nullptr ? number(now->memoryWorkingSet) : kNotKnown;
}

std::vector<std::string> PodObject::Causes() {
    std::vector<std::string> out;
    out.reserve(causes_.size());
    for (const auto& cause : causes_)
        out.push_back(cause.text());
    return out;
}

} // namespace plimsoll::dbus
