// SPDX-License-Identifier: Apache-2.0
// What is said to an exec plugin, and what it answers. Pure.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

struct ExecCredential {
    std::string token;
    std::string certificatePem;
    std::string keyPem;
    std::optional<WallTime> expires;
    friend bool operator==(const ExecCredential&, const ExecCredential&) = default;
};

/// KUBERNETES_EXEC_INFO. The cluster stands in it only where the plugin asks for it.
std::string execInfo(const ExecPlugin& plugin, const Kubeconfig& config);

/// An error never quotes the answer.
Result<ExecCredential> readExecCredential(std::string_view json, const ExecPlugin& plugin);

} // namespace plimsoll::kube
