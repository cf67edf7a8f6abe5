// SPDX-License-Identifier: Apache-2.0
// Which Node of the cluster this is.
#pragma once

#include "kube/api/connection.hpp"
#include "kube/api/who_am_i.hpp"
#include "kube/credentials/credentials.hpp"

#include <functional>
#include <string>

namespace plimsoll {

/// The name that the configuration gives, else whom the credentials are for, else the host's.
struct NodeNames {
    std::string given; ///< empty: not given
    std::string fallback;
    friend bool operator==(const NodeNames&, const NodeNames&) = default;
};

class NodeIdentity {
public:
    NodeIdentity(NodeNames names, kube::Credentials& credentials, kube::Connection& connection)
        : names_(std::move(names)), credentials_(credentials), connection_(connection) {}

    /// Called once for each ask(), from the loop. ENOENT: there is no kubeconfig on this node.
    /// Any other error may be over when it is asked again.
    using Done = std::function<void(const Result<std::string>& name)>;
    void ask(Done done);

private:
    void askServer(Done done);
    bool isSilent();

    NodeNames names_;
    kube::Credentials& credentials_;
    kube::Connection& connection_;
    kube::http::Call call_;
    int silences_ = 0; ///< in a row, of a server that answers
};

} // namespace plimsoll
