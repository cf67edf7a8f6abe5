// SPDX-License-Identifier: Apache-2.0
#include "cgroup/layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <vector>

namespace plimsoll::cgroup {
namespace {

namespace fs = std::filesystem;

// --cgroup-root is rarely more than one level; the search need not wander through a whole tree.
constexpr int kDeepestKubepods = 4;

std::optional<std::string> readSmallFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

bool hasWord(std::string_view text, std::string_view word) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        if (text.substr(0, end) == word) {
            return true;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

bool isFileSystem(const std::string& path, long magic) {
    struct statfs info{};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == magic;
}

bool isLegacyController(const std::string& path) {
    return isFileSystem(path, CGROUP_SUPER_MAGIC);
}

std::vector<std::string> subdirectories(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    // Groups vanish while they are listed; what cannot be looked at is not there.
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
            names.push_back(it->path().filename().string());
        }
    }
    std::ranges::sort(names);
    return names;
}

std::string joined(std::string_view directory, std::string_view entry) {
    return std::string(directory).append("/").append(entry);
}

struct Candidate {
    std::string path; ///< below the mount
    Driver driver = Driver::systemd;
    int depth = 0;
    bool hasClasses = false;
    bool hasPods = false;
};

void countPods(const std::string& directory, bool atClass, Candidate& candidate) {
    for (const std::string& entry : subdirectories(directory)) {
        const bool slice = entry.ends_with(".slice");
        if (slice != (candidate.driver == Driver::systemd)) {
            continue; // the other driver's leavings
        }
        if (parsePodDirectory(entry, QosClass::guaranteed)) {
            candidate.hasPods = true;
        } else if (!atClass && parseClassDirectory(entry)) {
            candidate.hasClasses = true;
            countPods(joined(directory, entry), true, candidate);
        }
    }
}

/// "kubepods" is the cgroupfs driver's, "kubepods.slice" and "kubelet-kubepods.slice" (below
/// kubelet.slice) the systemd driver's.
std::optional<Driver> driverOfKubepods(std::string_view directoryName) {
    if (directoryName == "kubepods") {
        return Driver::cgroupfs;
    }
    if (directoryName == "kubepods.slice" || directoryName.ends_with("-kubepods.slice")) {
        return Driver::systemd;
    }
    return std::nullopt;
}

/// Containers run whole nodes inside them (kind, nested docker, systemd): theirs are not ours.
bool mayLeadToKubepods(std::string_view directoryName) {
    return !directoryName.ends_with(".scope") && !directoryName.ends_with(".service") &&
           !directoryName.ends_with(".mount") && !directoryName.starts_with("lxc") &&
           directoryName != "user.slice" && directoryName != "machine.slice" &&
           !parseContainerDirectory(directoryName);
}

void addCandidate(const std::string& mount, Candidate candidate, std::vector<Candidate>& found) {
    std::error_code error;
    if (fs::is_directory(mount + candidate.path, error)) {
        countPods(mount + candidate.path, false, candidate);
        found.push_back(std::move(candidate));
    }
}

void search(const std::string& mount, const std::string& below, int depth,
            std::vector<Candidate>& found) {
    if (depth > kDeepestKubepods) {
        return;
    }
    for (const std::string& entry : subdirectories(mount + below)) {
        const std::string path = joined(below, entry);
        if (const std::optional<Driver> driver = driverOfKubepods(entry)) {
            addCandidate(mount, {path, *driver, depth}, found);
        } else if (mayLeadToKubepods(entry)) {
            search(mount, path, depth + 1, found);
        }
    }
}

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0) {
            parts.emplace_back(path.substr(0, end));
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

/// As kubelet does it: ["a-b", "c"] → "/a_b.slice/a_b-c.slice".
std::string expandSlices(const std::vector<std::string>& parts) {
    std::string path;
    std::string slice;
    for (std::string part : parts) {
        std::ranges::replace(part, '-', '_');
        slice += (slice.empty() ? "" : "-") + part;
        path += "/" + slice + ".slice";
    }
    return path;
}

void lookBelowRoot(const std::string& mount, const CgroupPath& root,
                   std::vector<Candidate>& found) {
    std::vector<std::string> parts = components(root.value);
    std::string plain;
    for (const std::string& part : parts) {
        plain += "/" + part;
    }
    addCandidate(mount, {plain + "/kubepods", Driver::cgroupfs, 1}, found);
    if (!parts.empty() && parts.back().ends_with(".slice")) {
        const std::string stem = parts.back().substr(0, parts.back().size() - 6);
        addCandidate(mount, {plain + "/" + stem + "-kubepods.slice", Driver::systemd, 1}, found);
    }
    parts.emplace_back("kubepods");
    addCandidate(mount, {expandSlices(parts), Driver::systemd, 1}, found);
}

/// Both drivers' trees stand on a node whose driver was changed without a reboot.
bool better(const Candidate& a, const Candidate& b) {
    if (a.hasPods != b.hasPods) {
        return a.hasPods;
    }
    if (a.hasClasses != b.hasClasses) {
        return a.hasClasses;
    }
    if (a.depth != b.depth) {
        return a.depth < b.depth;
    }
    return a.driver == Driver::systemd && b.driver != Driver::systemd;
}

Error unsupported(Hierarchy hierarchy, const std::string& mount) {
    const std::string fix =
        "boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line, so that kubelet "
        "and the container runtime use cgroup v2 as well";
    switch (hierarchy) {
    case Hierarchy::hybrid:
        return {ENOTSUP, "this node runs the hybrid of cgroup v1 and v2, which leaves the cpu and "
                         "memory controllers on v1, where pods have no cpu.max: " +
                             fix};
    case Hierarchy::legacy:
        return {ENOTSUP,
                "this node runs cgroup v1, where pods have neither cpu.max nor pressure files: " +
                    fix};
    case Hierarchy::none:
    case Hierarchy::unified: break;
    }
    return {ENOTSUP, "no cgroup v2 hierarchy is mounted at " + mount +
                         ": mount cgroup2 there, or set the mount point in the configuration; on a "
                         "node with cgroup v1 " +
                         fix};
}

bool controllerReaches(const Layout& layout, std::string_view controller) {
    const auto text = readSmallFile(layout.absolute(layout.kubepods) + "/cgroup.controllers");
    return !text || hasWord(*text, controller); // no such file: a plain directory, in a test
}

} // namespace

Hierarchy probeHierarchy(const std::string& mount) {
    if (isFileSystem(mount, CGROUP2_SUPER_MAGIC)) {
        // The v2 half of a hybrid (/sys/fs/cgroup/unified) has whatever v1 did not take.
        const auto controllers = readSmallFile(mount + "/cgroup.controllers");
        const bool legacyCpu =
            isLegacyController(mount + "/../cpu") || isLegacyController("/sys/fs/cgroup/cpu");
        return (controllers && hasWord(*controllers, "cpu")) || !legacyCpu ? Hierarchy::unified
                                                                           : Hierarchy::hybrid;
    }
    if (isFileSystem(mount + "/unified", CGROUP2_SUPER_MAGIC)) {
        return Hierarchy::hybrid;
    }
    static constexpr std::array<const char*, 4> kLegacy{"/cpu", "/cpu,cpuacct", "/memory",
                                                        "/systemd"};
    return isLegacyController(mount) ||
                   std::ranges::any_of(
                       kLegacy,
                       [&](const char* below) { return isLegacyController(mount + below); })
               ? Hierarchy::legacy
               : Hierarchy::none;
}

std::string Layout::limitation() const {
    if (cpuController && memoryController) {
        return {};
    }
    const std::string missing = cpuController      ? "the memory controller does"
                                : memoryController ? "the cpu controller does"
                                                   : "the cpu and memory controllers do";
    return missing + " not reach " + kubepods.value +
           (cpuController ? ", so the memory of pods is unknown"
                          : ", so pods have no cpu.max and none can be throttled") +
           ": enable it in cgroup.subtree_control of every cgroup above, and remove "
           "cgroup_disable= "
           "from the kernel command line";
}

Result<Layout> discoverLayout(const std::string& mount, const std::optional<CgroupPath>& cgroupRoot,
                              Hierarchy (*probe)(const std::string&)) {
    if (const Hierarchy hierarchy = probe(mount); hierarchy != Hierarchy::unified) {
        return std::unexpected(unsupported(hierarchy, mount));
    }
    std::vector<Candidate> found;
    const bool given = cgroupRoot && !components(cgroupRoot->value).empty();
    if (given) {
        lookBelowRoot(mount, *cgroupRoot, found);
    } else {
        search(mount, "", 1, found);
    }
    if (found.empty()) {
        return fail(ENOENT, "no kubepods cgroup below " + mount +
                                (given ? " in kubelet's cgroup root " + cgroupRoot->value : "") +
                                " yet: kubelet makes it when it starts");
    }
    const auto best = std::ranges::min_element(found, better);
    Layout layout{.mount = mount, .kubepods = CgroupPath(best->path), .driver = best->driver};
    layout.cpuController = controllerReaches(layout, "cpu");
    layout.memoryController = controllerReaches(layout, "memory");
    return layout;
}

} // namespace plimsoll::cgroup
