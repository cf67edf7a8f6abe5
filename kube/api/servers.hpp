// SPDX-License-Identifier: Apache-2.0
// Which of the cluster's API servers is asked. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace plimsoll::kube {

/// The one that was asked last, until it fails; then the one after it. The list is given each time,
/// for it changes with the kubeconfig; it has one at least.
class Servers {
public:
    const std::string& chosen(const std::vector<std::string>& list);
    /// Several requests may fail on one server, also after another one was chosen.
    void failed(const std::vector<std::string>& list, const std::string& server);
    void answered() { failed_.clear(); }
    /// None has answered since each has failed.
    [[nodiscard]] bool allFailed(const std::vector<std::string>& list) const;

private:
    std::string chosen_;
    std::set<std::string> failed_; ///< since the last answer; of the list alone
};

} // namespace plimsoll::kube
