// SPDX-License-Identifier: Apache-2.0
#include "dbus/pod_object.hpp"

#include "dbus/object_path.hpp"
#include "dbus/snapshot_dict.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace plimsoll::dbus {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// What is not known stays so.
template <class Value>
std::optional<Limit> limitOf(const PodSample* sample, Reading<Value> PodSample::* reading) {
    if (sample == nullptr || !(sample->*reading))
        return std::nullopt;
    return Limit(*(sample->*reading));
}

/// The rules behind one or two levers, each once, without making a list of them.
template <class F>
void eachCause(const HeldPod* first, const HeldPod* second, F&& take) {
    if (first != nullptr)
        std::ranges::for_each(first->causes, take);
    if (second == nullptr)
        return;
    for (const auto& cause : second->causes)
        if (first == nullptr || std::ranges::find(first->causes, cause) == first->causes.end())
            take(cause);
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
    const bool throttled = cpuMax_.held() || memoryHigh_.held();
    const bool sameLevers = cpuMax_.held() == (heldByCpuMax != nullptr) &&
                            memoryHigh_.held() == (heldByMemoryHigh != nullptr);
    cpuMax_.update(heldByCpuMax, limitOf(sample(), &PodSample::cpuMax), tick, changes);
    memoryHigh_.update(heldByMemoryHigh, limitOf(sample(), &PodSample::memoryHigh), tick, changes);
    if (throttled != isHeld())
        changes.add("Throttled");
    if (!sameLevers)
        changes.add("ThrottledBy");
    updateCauses(changes);
}

void PodObject::updateCauses(Changes& changes) {
    std::size_t count = 0;
    bool same = true;
    eachCause(heldByCpuMax, heldByMemoryHigh, [&](const RuleKey& cause) {
        same = same && count < causes_.size() && causes_[count] == cause;
        ++count;
    });
    if (same && count == causes_.size())
        return;
    causes_.clear();
    eachCause(heldByCpuMax, heldByMemoryHigh,
              [&](const RuleKey& cause) { causes_.push_back(cause); });
    changes.add("Causes");
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
    return cpuMax_.limit();
}
std::string PodObject::MemoryHigh() {
    return memoryHigh_.limit();
}
bool PodObject::Throttled() {
    return cpuMax_.held() || memoryHigh_.held();
}
std::string PodObject::BaselineCpuMax() {
    return cpuMax_.baseline();
}
std::string PodObject::BaselineMemoryHigh() {
    return memoryHigh_.baseline();
}

std::vector<std::string> PodObject::ThrottledBy() {
    std::vector<std::string> out;
    if (cpuMax_.held())
        out.emplace_back(plimsoll::name(Lever::cpuMax));
    if (memoryHigh_.held())
        out.emplace_back(plimsoll::name(Lever::memoryHigh));
    return out;
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
