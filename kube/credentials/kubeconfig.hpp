// SPDX-License-Identifier: Apache-2.0
// The text of a kubeconfig → the server and the user of its current context.
#pragma once

#include "daemon/model/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::kube {

/// Of the kubeconfig, and of each file that it names. A CA bundle of a whole company has 300 KiB.
inline constexpr std::size_t kMaxCredentialBytes = std::size_t{1024} * 1024;

/// What stands in the kubeconfig itself, or else in a file that it names.
struct Material {
    std::string field; ///< "FILE:12: users[0].user.client-certificate"
    std::string data;  ///< decoded; wins over the file
    std::string file;  ///< absolute where the kubeconfig is
    [[nodiscard]] bool given() const { return !data.empty() || !file.empty(); }
};

/// A program that prints an ExecCredential.
struct ExecCommand {
    std::string field;      ///< "FILE:12: users[0].user.exec"
    std::string apiVersion; ///< "client.authentication.k8s.io/v1", or v1beta1
    std::string program;    ///< with a slash it is a path, without it is looked for in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment; ///< beside what we have
    bool provideClusterInfo = false;
    friend bool operator==(const ExecCommand&, const ExecCommand&) = default;
};

struct Kubeconfig {
    std::string server; ///< as Access::servers has it
    std::string tlsServerName;
    std::string proxy;
    Material ca;
    Material certificate;
    Material key;
    std::string token;
    Material tokenFile;
    std::optional<ExecCommand> exec; ///< none where a certificate or a token is given
};

/// `path` is where it was read: for messages, and for what is relative to its folder. An error is
/// "FILE:LINE: field: what would be right", never with a value that could be secret.
Result<Kubeconfig> parseKubeconfig(std::string_view text, const std::string& path);

/// "Config", "KubeletConfiguration", …; empty where it says none, or is no YAML.
std::string kindOf(std::string_view text);
/// A text without a kind counts as one, as it does for the kubelet.
bool isKubeconfigKind(std::string_view kind);

/// "https://host:6443/" → "https://host:6443"; otherwise the reason why it is none.
std::expected<std::string, std::string> serverUrl(std::string url);

} // namespace plimsoll::kube
