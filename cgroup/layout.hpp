// SPDX-License-Identifier: Apache-2.0
// Where the pods of this node are in the cgroup2 tree, and who owns the directories.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::cgroup {

/// kubelet's cgroup driver. Under the systemd driver pods are slices and containers scopes.
enum class Driver { systemd, cgroupfs };
std::string_view name(Driver driver);

struct Layout {
    std::string mount = "/sys/fs/cgroup"; ///< where cgroup2 is mounted
    CgroupPath kubepods;                  ///< "/kubepods.slice", "/kubelet/kubepods", …
    Driver driver = Driver::systemd;

    [[nodiscard]] std::string absolute(const CgroupPath& path) const { return mount + path.value; }
};

/// Finds the kubepods cgroup. `cgroupRoot` is kubelet's --cgroup-root; without it the tree is
/// searched from the mount point down. ENOENT while kubelet has not made it yet (try again later);
/// ENOTSUP with a sentence that says what to change on cgroup v1 and hybrid nodes.
Result<Layout> discoverLayout(const std::string& mount,
                              const std::optional<CgroupPath>& cgroupRoot);

struct PodDirectory {
    PodUid uid;
    QosClass qosClass = QosClass::guaranteed;
};
/// What a directory below kubepods is, from its name alone ("kubepods-besteffort-pod1b_2c.slice",
/// "pod1b-2c"); none when it is no pod. `parentClass` serves the cgroupfs names, which do not carry it.
std::optional<PodDirectory> parsePodDirectory(std::string_view directoryName, QosClass parentClass);

/// "cri-containerd-<id>.scope", "crio-<id>.scope", "docker-<id>.scope", bare "<id>"; none for
/// sandboxes' helpers ("crio-conmon-…") and anything else.
std::optional<ContainerId> parseContainerDirectory(std::string_view directoryName);

} // namespace plimsoll::cgroup
