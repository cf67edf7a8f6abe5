// SPDX-License-Identifier: Apache-2.0
// org.plimsoll.Node1.Pod: the pods of this node as objects.
#pragma once

#include "daemon/model/published.hpp"
#include "dbus/changes.hpp"
#include "dbus/sdbus_compat.hpp"
#include "dbus/shown_limit.hpp"
#include "org.plimsoll.Node1.Pod.adaptor.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace plimsoll::dbus {

class PodObject final : public sdbus::AdaptorInterfaces<org::plimsoll::Node1::Pod_adaptor> {
public:
    PodObject(sdbus::IConnection& connection, const Published& state, const PodUid& uid);
    PodObject(const PodObject&) = delete;
    PodObject& operator=(const PodObject&) = delete;
    ~PodObject();

    /// Shows what state.pods[index] says; that must be the same pod. heldBy… before.
    void update(std::size_t index, Changes& changes);
    void emitChanged(const Changes& changes);
    void announce() { getObject().emitInterfacesAddedSignal(); }
    void withdraw() { getObject().emitInterfacesRemovedSignal(); }
    [[nodiscard]] const PodUid& uid() const { return uid_; }

    /// In this tick; not for use after it. One for each lever that holds the pod.
    const HeldPod* heldByCpuMax = nullptr;
    const HeldPod* heldByMemoryHigh = nullptr;
    [[nodiscard]] bool isHeld() const {
        return heldByCpuMax != nullptr || heldByMemoryHigh != nullptr;
    }
    bool fresh = true; ///< not announced yet
    bool seen = true;  ///< still on the node

private:
    std::string Namespace() override;
    std::string Name() override;
    std::string Uid() override;
    std::string Cgroup() override;
    std::string QosClass() override;
    std::int32_t Priority() override;
    std::string Exemption() override;
    double CpuUsage() override;
    double MemoryWorkingSet() override;
    std::string CpuMax() override;
    std::string MemoryHigh() override;
    bool Throttled() override;
    std::vector<std::string> ThrottledBy() override;
    std::string BaselineCpuMax() override;
    std::string BaselineMemoryHigh() override;
    std::vector<std::string> Causes() override;

    void updateName(const std::string& podName, Changes& changes);
    void updateLimits(Changes& changes);
    void updateCauses(Changes& changes);
    /// The live readings, for what changes with every tick.
    [[nodiscard]] const PodSample* sample() const;

    const Published& state_;
    PodUid uid_;
    std::size_t index_ = 0;
    // What the bus was told last.
    std::string namespace_;
    std::string name_;
    std::string podName_;
    std::string cgroup_;
    plimsoll::QosClass qosClass_ = plimsoll::QosClass::unknown;
    std::int32_t priority_ = 0;
    std::string exemption_;
    ShownLimit cpuMax_{"CpuMax", "BaselineCpuMax"};
    ShownLimit memoryHigh_{"MemoryHigh", "BaselineMemoryHigh"};
    std::vector<RuleKey> causes_;
};

class PodObjects {
public:
    /// More pods than any node is built for (110 by default, 500 at the outside).
    static constexpr std::size_t kMaxObjects = 1024;

    PodObjects(sdbus::IConnection& connection, const Published& state);

    /// Follows state.pods and state.held; `signal` false: nobody is listening yet.
    /// True: the list of throttled pods changed.
    bool publish(bool signal);
    [[nodiscard]] const std::vector<sdbus::ObjectPath>& throttled() const { return throttled_; }
    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(order_.size()); }
    [[nodiscard]] std::uint32_t omitted() const { return omitted_; }

private:
    [[nodiscard]] bool samePods() const;
    bool assignHeld();
    void followList(bool signal);
    PodObject* find(const PodUid& uid);
    bool followThrottled();

    sdbus::IConnection& connection_;
    const Published& state_;
    std::unordered_map<PodUid, std::unique_ptr<PodObject>> objects_;
    /// Cgroups of state.pods when the list was followed last; holding them makes the pointers
    /// unique.
    std::vector<std::shared_ptr<const PodCgroup>> order_;
    std::vector<PodObject*> byIndex_; ///< parallel; null where there is no object
    std::uint32_t omitted_ = 0;
    std::vector<PodUid> throttledUids_;
    std::vector<sdbus::ObjectPath> throttled_;
    Changes changes_;
};

} // namespace plimsoll::dbus
