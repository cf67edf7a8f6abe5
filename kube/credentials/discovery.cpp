// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/discovery.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace plimsoll::kube {
namespace {

namespace fs = std::filesystem;

/// kubeadm, kubespray; OpenShift, AKS, EKS, GKE; Bottlerocket; k3s; RKE2; Talos; MicroK8s. On
/// OpenShift the first is a KubeletConfiguration.
constexpr std::array<std::string_view, 7> kPlaces{
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/kubelet/kubeconfig",
    "/etc/kubernetes/kubelet/kubeconfig",
    "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    "/etc/kubernetes/kubeconfig-kubelet",
    "/var/snap/microk8s/current/credentials/kubelet.config",
};

constexpr std::size_t kLongestCommandLine = std::size_t{128} * 1024; // bytes

bool isProcess(const fs::path& path) {
    const auto name = path.filename().string();
    return !name.empty() &&
           std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<std::string> commandLine(const fs::path& process) {
    std::ifstream file(process / "cmdline", std::ios::binary);
    std::string text(kLongestCommandLine, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\0', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

bool isKubelet(const std::vector<std::string>& words) {
    return !words.empty() && fs::path(words[0]).filename() == "kubelet";
}

/// "--kubeconfig X" or "--kubeconfig=X", with one dash or two, as Go's flags have it.
std::optional<std::string> kubeconfigOf(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string_view word = words[i];
        word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
        if (word == "kubeconfig" && i + 1 < words.size()) {
            return words[i + 1];
        }
        if (word.starts_with("kubeconfig=")) {
            return std::string(word.substr(word.find('=') + 1));
        }
    }
    return std::nullopt;
}

std::optional<std::string> ofRunningKubelet(const std::string& root) {
    std::error_code error;
    for (fs::directory_iterator entry(root + "/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        if (!isProcess(entry->path())) {
            continue;
        }
        const auto words = commandLine(entry->path());
        if (isKubelet(words)) {
            return kubeconfigOf(words);
        }
    }
    return std::nullopt;
}

} // namespace

std::vector<std::string> kubeconfigPlaces(const std::string& root) {
    std::vector<std::string> places;
    if (const auto told = ofRunningKubelet(root); told && told->starts_with('/')) {
        places.push_back(root + *told);
    }
    for (const auto place : kPlaces) {
        places.push_back(root + std::string(place));
    }
    return places;
}

} // namespace plimsoll::kube
