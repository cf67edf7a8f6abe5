// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/discovery.hpp"

#include "kube/credentials/kubeconfig.hpp"
#include "kube/credentials/small_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace plimsoll::kube {
namespace {

namespace fs = std::filesystem;

/// Where node images have it, the most common first. On OpenShift the first one is a
/// KubeletConfiguration, which is passed over.
constexpr std::array<std::string_view, 9> kUsualPlaces{
    "/etc/kubernetes/kubelet.conf",                          // kubeadm, kubespray
    "/var/lib/kubelet/kubeconfig",                           // OpenShift, AKS, EKS, GKE
    "/etc/kubernetes/kubelet/kubeconfig",                    // Bottlerocket
    "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",         // k3s
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",        // RKE2
    "/etc/kubernetes/kubeconfig-kubelet",                    // Talos
    "/var/snap/microk8s/current/credentials/kubelet.config", // microk8s
    "/var/lib/microshift/resources/kubelet/kubeconfig",      // MicroShift
    "/etc/kubernetes/kubeconfig",                            // OpenShift while it joins
};

/// Bytes. Linux allows more for a command line; a kubelet's has 2 KiB.
constexpr std::size_t kMostOfProc = std::size_t{64} * 1024;

std::vector<std::string> wordsOf(const std::string& commandLine) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < commandLine.size();) {
        const auto end = std::min(commandLine.find('\0', at), commandLine.size());
        words.push_back(commandLine.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

bool isKubelet(const std::vector<std::string>& words) {
    const auto nameOf = [](const std::string& word) { return fs::path(word).filename(); };
    return !words.empty() &&
           (nameOf(words[0]) == "kubelet" ||
            (nameOf(words[0]) == "hyperkube" && words.size() > 1 && words[1] == "kubelet"));
}

/// The last one counts, as it does for the kubelet.
std::string argumentOf(const std::vector<std::string>& words) {
    constexpr std::string_view kName = "--kubeconfig";
    std::string result;
    for (std::size_t at = 1; at < words.size(); ++at) {
        if (words[at] == kName && at + 1 < words.size()) {
            result = words[++at];
        } else if (words[at].starts_with(kName) &&
                   words[at].substr(kName.size()).starts_with('=')) {
            result = words[at].substr(kName.size() + 1);
        }
    }
    return result;
}

/// The words after "NAME:" in /proc/PID/status.
std::string statusLine(const std::string& status, std::string_view name) {
    const auto begin = status.find("\n" + std::string(name) + ":\t");
    if (begin == std::string::npos) {
        return {};
    }
    const auto value = begin + name.size() + 3;
    return status.substr(value, status.find('\n', value) - value);
}

/// A kubeconfig may name a program, which we run as root. So only root's own processes on the host
/// are believed, and what calls itself a kubelet in a container is not: that has a process
/// namespace of its own, or at least a pod's cgroup.
bool isOfTheHost(const std::string& process) {
    const auto status = readSmallFile(process + "/status", kMostOfProc);
    const auto cgroup = readSmallFile(process + "/cgroup", kMostOfProc);
    return status && cgroup && statusLine(*status, "Uid").starts_with("0\t0\t") &&
           statusLine(*status, "NSpid").find('\t') == std::string::npos &&
           cgroup->find("kubepods") == std::string::npos;
}

std::unexpected<Error> nowhere(const std::string& where) {
    return fail(ENOENT, where + ", so this node belongs to no cluster yet; where it does, name the "
                                "kubelet's kubeconfig in the configuration");
}

/// ENOENT for what is not there.
Result<FoundKubeconfig> readAt(const std::string& path) {
    auto text = readSmallFile(path, kMaxCredentialBytes);
    if (text) {
        return FoundKubeconfig{path, *std::move(text)};
    }
    const bool missing = text.error().code == ENOENT || text.error().code == ENOTDIR;
    return fail(missing ? ENOENT : text.error().code, path + ": " + text.error().what);
}

} // namespace

std::string kubeletsKubeconfig(const std::string& procRoot) {
    std::error_code error;
    for (fs::directory_iterator entry(procRoot, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto process = entry->path().string();
        const auto name = entry->path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto commandLine = readSmallFile(process + "/cmdline", kMostOfProc);
        if (!commandLine) {
            continue; // ended, or not ours to see
        }
        const auto words = wordsOf(*commandLine);
        auto path = isKubelet(words) ? argumentOf(words) : std::string();
        if (path.starts_with('/') && isOfTheHost(process)) {
            return path;
        }
    }
    return {};
}

Result<FoundKubeconfig> findKubeconfig(const CredentialSettings& settings,
                                       const Surroundings& surroundings) {
    const bool isNamed = !settings.kubeconfig.empty();
    const auto first = isNamed ? settings.kubeconfig : kubeletsKubeconfig(surroundings.procRoot);
    if (!first.empty()) {
        auto found = readAt(first);
        if (found || found.error().code != ENOENT) {
            return found;
        }
    }
    if (isNamed) {
        return nowhere(first + ": there is no such file");
    }
    for (const auto place : kUsualPlaces) {
        auto found = readAt(surroundings.root + std::string(place));
        const bool isOne = found && isKubeconfigKind(kindOf(found->text));
        if (isOne || (!found && found.error().code != ENOENT)) {
            return found;
        }
    }
    return nowhere("no kubelet runs with --kubeconfig, and none of the usual places has one");
}

} // namespace plimsoll::kube
