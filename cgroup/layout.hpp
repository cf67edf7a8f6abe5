// SPDX-License-Identifier: Apache-2.0
// Where the pods of this node are in the cgroup2 tree, and who owns the directories.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::cgroup {

/// kubelet's cgroup driver. Under the systemd driver pods are slices and containers scopes.
enum class Driver : std::uint8_t { systemd, cgroupfs };
std::string_view name(Driver driver);

struct Layout {
    std::string mount = "/sys/fs/cgroup"; ///< where cgroup2 is mounted
    CgroupPath kubepods;                  ///< "/kubepods.slice", "/kubelet/kubepods", …
    Driver driver = Driver::systemd;
    /// Whether the controllers reach down to kubepods. Without cpu there is no cpu.max and nothing
    /// can be throttled; without memory the pods' working sets are unknown.
    bool cpuController = true;
    bool memoryController = true;

    [[nodiscard]] std::string absolute(const CgroupPath& path) const { return mount + path.value; }
    /// One sentence that says what is missing and what to change; empty when all is there.
    [[nodiscard]] std::string limitation() const;
};

/// What is mounted where cgroup2 is expected.
enum class Hierarchy : std::uint8_t {
    unified, ///< cgroup2, with the controllers
    hybrid,  ///< cgroup2 is there, but the controllers are on v1 mounts
    legacy,  ///< v1 alone
    none,    ///< no cgroup file system
};
Hierarchy probeHierarchy(const std::string& mount);

/// Finds the kubepods cgroup. `cgroupRoot` is kubelet's --cgroup-root as kubelet takes it
/// ("/kubelet", also under the systemd driver) or the slice's own path ("/kubelet.slice"); without
/// it the tree is searched from the mount point down. Where both drivers left a tree, the one with
/// pods is taken. ENOENT while kubelet has not made it yet (try again later); ENOTSUP with a
/// sentence that says what to change on cgroup v1 and hybrid nodes. Tests on plain directories
/// bring their own `probe`.
Result<Layout> discoverLayout(const std::string& mount, const std::optional<CgroupPath>& cgroupRoot,
                              Hierarchy (*probe)(const std::string&) = probeHierarchy);

/// The directory of a QoS class below kubepods, from its name alone: "kubepods-burstable.slice",
/// "besteffort"; none for anything else.
std::optional<QosClass> parseClassDirectory(std::string_view directoryName);

struct PodDirectory {
    PodUid uid;
    QosClass qosClass = QosClass::guaranteed;
};
/// What a directory below kubepods is, from its name alone ("kubepods-besteffort-pod1b_2c.slice",
/// "pod1b-2c"); none when it is no pod. `parentClass` serves the cgroupfs names, which do not carry
/// it.
std::optional<PodDirectory> parsePodDirectory(std::string_view directoryName, QosClass parentClass);

/// "cri-containerd-<id>.scope", "crio-<id>.scope", "docker-<id>.scope", bare "<id>"; none for
/// sandboxes' helpers ("crio-conmon-…") and anything else.
std::optional<ContainerId> parseContainerDirectory(std::string_view directoryName);

} // namespace plimsoll::cgroup
