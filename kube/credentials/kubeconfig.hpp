// SPDX-License-Identifier: Apache-2.0
// A kubeconfig: which server, and as whom. Pure: files that it names are not opened here.
#pragma once

#include "daemon/model/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::kube {

inline constexpr std::size_t kLargestKubeconfig = std::size_t{1024} * 1024; // bytes

/// users[].user.exec: a command that prints an ExecCredential.
struct ExecPlugin {
    std::string apiVersion; ///< client.authentication.k8s.io/v1 or …/v1beta1
    std::string command;    ///< with a slash: a path, absolute by now; without: looked for in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment; ///< added to our own
    bool provideClusterInfo = false;
    friend bool operator==(const ExecPlugin&, const ExecPlugin&) = default;
};

/// What the current context names. Of a file and its contents at most one is there; paths are
/// absolute.
struct Kubeconfig {
    std::string path; ///< for messages
    std::string server;
    std::string tlsServerName;
    std::string proxy;
    std::string caFile;
    std::string caPem;
    std::string clientCertificateFile;
    std::string clientCertificatePem;
    std::string clientKeyFile;
    std::string clientKeyPem;
    std::string token;
    std::string tokenFile;
    std::optional<ExecPlugin> exec;
    friend bool operator==(const Kubeconfig&, const Kubeconfig&) = default;
};

/// `path` is where the text was read: relative paths in it begin at its folder. An error names
/// file, line and field: "/etc/kubernetes/kubelet.conf:12: users[0].user.token: must be a string".
Result<Kubeconfig> parseKubeconfig(std::string_view text, const std::string& path);

/// Whether it says that it is one. At the usual places other files of kubelet may lie.
bool isKubeconfig(std::string_view text);

} // namespace plimsoll::kube
