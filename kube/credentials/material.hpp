// SPDX-License-Identifier: Apache-2.0
// A kubeconfig and the files that it names, read now.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"
#include "kube/credentials/credentials.hpp"
#include "kube/credentials/exec_credential.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::kube {

/// ENOENT: there is none in any of these places. Files of other kinds are passed over where several
/// places are given.
Result<Kubeconfig> readKubeconfig(const std::vector<std::string>& places);

/// With what `credential` says, where the kubeconfig has a plugin, and with the contents of the
/// CA's file in `config`. EAGAIN: a file is being replaced; a moment later it will be there.
Result<Access> readAccess(Kubeconfig& config, const std::optional<ExecCredential>& credential,
                          const std::vector<std::string>& moreServers, WallTime now);

/// Fills in caPem where there is a caFile.
Result<void> readCa(Kubeconfig& config);

} // namespace plimsoll::kube
