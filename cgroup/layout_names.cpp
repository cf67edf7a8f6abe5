// SPDX-License-Identifier: Apache-2.0
// What kubelet and the runtimes call their cgroups. Sources: kubelet's cgroup_manager_linux.go
// (names, escaping of '-' in slices), containerd, CRI-O and cri-dockerd (scopes).
#include "cgroup/layout.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::cgroup {
namespace {

// Longer than any id in use (a UUID has 36 characters, a container id 64).
constexpr std::size_t kMaxId = 128;

// Not <cctype>: names come from the file system, and the locale has no say in them.
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isHex(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f');
}
bool isAlnum(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Letters, digits and single separators between them.
bool isUid(std::string_view text, char separator) {
    if (text.empty() || text.size() > kMaxId) {
        return false;
    }
    bool separated = true;
    for (const char c : text) {
        if (!isAlnum(c) && (c != separator || separated)) {
            return false;
        }
        separated = c == separator;
    }
    return !separated;
}

bool cutSuffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) {
        return false;
    }
    text.remove_suffix(suffix.size());
    return true;
}

/// True for "kubepods" and "<slices above>-kubepods".
bool isKubepodsSlice(std::string_view stem) {
    return stem == "kubepods" || stem.ends_with("-kubepods");
}

/// The class that a slice's stem belongs to: "kubepods" is guaranteed, for pods that have no class
/// directory of their own.
std::optional<QosClass> classOfSlice(std::string_view stem) {
    QosClass found = QosClass::guaranteed;
    if (cutSuffix(stem, "-besteffort")) {
        found = QosClass::bestEffort;
    } else if (cutSuffix(stem, "-burstable")) {
        found = QosClass::burstable;
    }
    return isKubepodsSlice(stem) ? std::optional(found) : std::nullopt;
}

std::optional<PodDirectory> podSlice(std::string_view stem) {
    // kubelet writes the uid's dashes as underscores, so the last dash is the one before "pod".
    const std::size_t dash = stem.rfind('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view uid = stem.substr(dash + 1);
    if (!uid.starts_with("pod")) {
        return std::nullopt;
    }
    uid.remove_prefix(3);
    const std::optional<QosClass> qosClass = classOfSlice(stem.substr(0, dash));
    if (!qosClass || !isUid(uid, '_')) {
        return std::nullopt;
    }
    PodDirectory found{PodUid(std::string(uid)), *qosClass};
    std::ranges::replace(found.uid.value, '_', '-');
    return found;
}

bool isContainerId(std::string_view id) {
    return !id.empty() && id.size() <= kMaxId && isAlnum(id.front()) &&
           std::ranges::all_of(id, [](char c) { return isAlnum(c) || c == '-' || c == '_'; });
}

} // namespace

std::string_view name(Driver driver) {
    return driver == Driver::systemd ? "systemd" : "cgroupfs";
}

std::optional<QosClass> parseClassDirectory(std::string_view directoryName) {
    if (directoryName == "besteffort") {
        return QosClass::bestEffort;
    }
    if (directoryName == "burstable") {
        return QosClass::burstable;
    }
    if (!cutSuffix(directoryName, ".slice")) {
        return std::nullopt;
    }
    const std::optional<QosClass> found = classOfSlice(directoryName);
    return found == QosClass::guaranteed ? std::nullopt : found; // that is kubepods itself
}

std::optional<PodDirectory> parsePodDirectory(std::string_view directoryName,
                                              QosClass parentClass) {
    if (cutSuffix(directoryName, ".slice")) {
        return podSlice(directoryName);
    }
    if (!directoryName.starts_with("pod") || !isUid(directoryName.substr(3), '-')) {
        return std::nullopt;
    }
    return PodDirectory{PodUid(std::string(directoryName.substr(3))), parentClass};
}

std::optional<ContainerId> parseContainerDirectory(std::string_view directoryName) {
    cutSuffix(directoryName, ".scope"); // absent under the cgroupfs driver
    static constexpr std::array<std::string_view, 4> kRuntimes{"cri-containerd-", "crio-",
                                                               "docker-", "libpod-"};
    for (const std::string_view runtime : kRuntimes) {
        if (directoryName.starts_with(runtime)) {
            const std::string_view id = directoryName.substr(runtime.size());
            if (id.starts_with("conmon-") || !isContainerId(id)) {
                return std::nullopt;
            }
            return ContainerId(std::string(id));
        }
    }
    // Without the runtime's name only what looks like an id is one: "init.scope", "system.slice"
    // and what else a pod may hold are not.
    constexpr std::size_t kShortestBareId = 8;
    if (directoryName.size() < kShortestBareId || directoryName.size() > kMaxId ||
        !std::ranges::all_of(directoryName, isHex)) {
        return std::nullopt;
    }
    return ContainerId(std::string(directoryName));
}

} // namespace plimsoll::cgroup
