// SPDX-License-Identifier: Apache-2.0
// What a credential plugin is told and what it answers: client.authentication.k8s.io
// ExecCredential.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

struct ExecAnswer {
    std::string token;
    std::string certificates; ///< PEM, as it was given
    std::string key;
    std::optional<WallTime> expires;
};

/// KUBERNETES_EXEC_INFO. `caPem` is what the kubeconfig gives.
std::string execInfo(const ExecCommand& command, const Kubeconfig& config,
                     const std::string& caPem);

/// An error is what to say after the name of the plugin, and never quotes the answer.
Result<ExecAnswer> parseExecCredential(std::string_view text, const std::string& apiVersion);

} // namespace plimsoll::kube
