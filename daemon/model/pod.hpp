// SPDX-License-Identifier: Apache-2.0
// The few fields of a Kubernetes Pod and Node that deciding needs.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

using Labels = std::map<std::string, std::string, std::less<>>;

/// In the order in which avoidance touches them.
enum class QosClass : std::uint8_t { unknown, bestEffort, burstable, guaranteed };

/// "BestEffort", "Burstable", "Guaranteed", "Unknown".
std::string_view name(QosClass value);
std::optional<QosClass> qosClassFromName(std::string_view text);

enum class PodPhase : std::uint8_t { unknown, pending, running, succeeded, failed };

struct ContainerResources {
    std::string name;
    std::optional<Millicores> cpuRequest;
    std::optional<Millicores> cpuLimit;
    std::optional<Bytes> memoryRequest;
    std::optional<Bytes> memoryLimit;
    std::optional<Millicores> elasticCpu; ///< gocrane.io/cpu limit, else request
    std::optional<Bytes> elasticMemory;   ///< gocrane.io/memory limit, else request
    friend bool operator==(const ContainerResources&, const ContainerResources&) = default;
};

struct Pod {
    std::string namespaceName;
    std::string name;
    PodUid uid;
    Labels labels;
    QosClass qosClass = QosClass::unknown; ///< status.qosClass, else from the resources
    std::int32_t priority = 0;             ///< spec.priority; absent counts as 0
    PodPhase phase = PodPhase::running;
    bool terminating = false; ///< has a deletionTimestamp
    bool mirror = false;    ///< static pod: annotation kubernetes.io/config.mirror or config.source
    bool daemonSet = false; ///< owned by a DaemonSet
    std::string ip;         ///< status.podIP; empty: not known
    /// spec.terminationGracePeriodSeconds.
    std::optional<std::chrono::seconds> terminationGracePeriod;
    /// Seconds since 1970; none when status.startTime is absent.
    std::optional<std::int64_t> startTime;
    std::vector<ContainerResources> containers; ///< with sidecars, without other init containers
    /// The most that init containers need at one time, with the sidecars before them; a limit of it
    /// is none when one of them has none. Without init containers: none.
    std::optional<ContainerResources> startup;
    /// spec.resources: what is there counts in place of the containers' own.
    ContainerResources podLevel;

    /// As the scheduler and kubelet count: what the containers sum up to (one without a request
    /// counts as 0), or what starting takes where that is more.
    [[nodiscard]] Millicores cpuRequest() const;
    /// Of limits likewise; none unless every container has one.
    [[nodiscard]] std::optional<Millicores> cpuLimit() const;
    [[nodiscard]] Millicores elasticCpu() const; ///< 0: uses none
    [[nodiscard]] Bytes memoryRequest() const;
    [[nodiscard]] std::optional<Bytes> memoryLimit() const;
    [[nodiscard]] Bytes elasticMemory() const; ///< 0: uses none
    [[nodiscard]] std::string fullName() const { return namespaceName + "/" + name; }
    friend bool operator==(const Pod&, const Pod&) = default;
};

/// Priorities from here on are the cluster's own (system-cluster-critical and up).
inline constexpr std::int32_t kCriticalPriority = 2'000'000'000;

struct Node {
    std::string name;
    Labels labels;
    std::optional<Millicores> elasticCpu; ///< status.allocatable of gocrane.io/cpu
    friend bool operator==(const Node&, const Node&) = default;
};

} // namespace plimsoll
