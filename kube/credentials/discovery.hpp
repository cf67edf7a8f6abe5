// SPDX-License-Identifier: Apache-2.0
// Which kubeconfig is this node's own.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/credentials.hpp"

#include <string>

namespace plimsoll::kube {

/// What the kubelet that runs on this host was given as --kubeconfig; empty: none runs, it was
/// given none, or it cannot be seen.
std::string kubeletsKubeconfig(const std::string& procRoot);

struct FoundKubeconfig {
    std::string path;
    std::string text;
};
/// ENOENT where there is none.
Result<FoundKubeconfig> findKubeconfig(const CredentialSettings& settings,
                                       const Surroundings& surroundings);

} // namespace plimsoll::kube
