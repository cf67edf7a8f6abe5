// SPDX-License-Identifier: Apache-2.0
// A kubeconfig and the files that it names → what is shown to the API server.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"
#include "kube/credentials/exec_credential.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <expected>

namespace plimsoll::kube {

struct MaterialProblem {
    Error error;
    /// May be right in an instant: the kubelet removes its symlink before it renames the new one
    /// into place, and k3s writes certificate and key one after the other over the old ones.
    bool passing = false;
};

/// Reads what the kubeconfig names, each file once. What an exec plugin gives is not there yet.
std::expected<Access, MaterialProblem> readMaterial(const Kubeconfig& config, WallTime now);

/// Adds what the plugin gave.
Result<Access> withAnswer(Access access, const ExecAnswer& answer, WallTime now);

} // namespace plimsoll::kube
