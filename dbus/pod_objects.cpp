// SPDX-License-Identifier: Apache-2.0
// The pod objects as a set: which there are, what changed in them.
#include "dbus/object_path.hpp"
#include "dbus/pod_object.hpp"

#include <algorithm>

namespace plimsoll::dbus {

PodObjects::PodObjects(sdbus::IConnection& connection, const Published& state)
    : connection_(connection), state_(state) {}

bool PodObjects::publish(bool signal) {
    // A pod that is held but was left out for their number gets its object now.
    const bool same = samePods();
    if (!same || !assignHeld()) {
        followList(signal);
        assignHeld();
    }
    for (std::size_t i = 0; i < byIndex_.size(); ++i) {
        PodObject* const object = byIndex_[i];
        if (object == nullptr)
            continue;
        changes_.clear();
        object->update(i, changes_);
        if (signal && object->fresh)
            object->announce(); // carries all properties
        else if (signal && !changes_.empty())
            object->emitChanged(changes_);
        object->fresh = false;
    }
    return followThrottled();
}

bool PodObjects::samePods() const {
    return std::ranges::equal(order_, state_.pods, {}, {}, &PodStatus::cgroup);
}

/// False: a held pod of this node has no object.
bool PodObjects::assignHeld() {
    for (PodObject* object : byIndex_)
        if (object != nullptr)
            object->heldByCpuMax = object->heldByMemoryHigh = nullptr;
    bool complete = true;
    for (const auto& held : state_.held) {
        if (PodObject* object = find(held.pod->uid))
            (held.lever() == Lever::cpuMax ? object->heldByCpuMax : object->heldByMemoryHigh) =
                &held;
        else if (omitted_ > 0)
            complete = complete && std::ranges::none_of(order_, [&](const auto& cgroup) {
                           return cgroup->uid == held.pod->uid;
                       });
    }
    return complete;
}

void PodObjects::followList(bool signal) {
    for (auto& [uid, object] : objects_)
        object->seen = false;
    order_.clear();
    byIndex_.clear();
    for (const auto& status : state_.pods) {
        order_.push_back(status.cgroup);
        PodObject* const object = find(status.cgroup->uid);
        // Two cgroups of one pod: the first is shown.
        byIndex_.push_back(object != nullptr && !object->seen ? object : nullptr);
        if (object != nullptr)
            object->seen = true;
    }
    for (auto it = objects_.begin(); it != objects_.end();) {
        if (it->second->seen) {
            ++it;
            continue;
        }
        if (signal)
            it->second->withdraw();
        it = objects_.erase(it);
    }
    omitted_ = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const PodUid& uid = order_[i]->uid;
        if (byIndex_[i] != nullptr || find(uid) != nullptr)
            continue;
        const bool held = std::ranges::any_of(
            state_.held, [&](const HeldPod& pod) { return pod.pod->uid == uid; });
        if (objects_.size() >= kMaxObjects && !held) {
            ++omitted_;
            continue;
        }
        auto object = std::make_unique<PodObject>(connection_, state_, uid);
        byIndex_[i] = object.get();
        objects_.emplace(uid, std::move(object));
    }
}

PodObject* PodObjects::find(const PodUid& uid) {
    const auto it = objects_.find(uid);
    return it == objects_.end() ? nullptr : it->second.get();
}

bool PodObjects::followThrottled() {
    std::size_t shown = 0;
    bool same = true;
    for (const PodObject* object : byIndex_) {
        if (object == nullptr || !object->isHeld())
            continue;
        same = same && shown < throttledUids_.size() && throttledUids_[shown] == object->uid();
        ++shown;
    }
    if (same && shown == throttledUids_.size())
        return false;
    throttledUids_.clear();
    throttled_.clear();
    for (const PodObject* object : byIndex_) {
        if (object == nullptr || !object->isHeld())
            continue;
        throttledUids_.push_back(object->uid());
        throttled_.emplace_back(podPath(object->uid()));
    }
    return true;
}

} // namespace plimsoll::dbus
