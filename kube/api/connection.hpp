// SPDX-License-Identifier: Apache-2.0
// The API server of this node's cluster, reached with the node's credentials.
#pragma once

#include "kube/api/api.hpp"
#include "kube/credentials/credentials.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

struct sd_event;

namespace plimsoll::kube {

/// Whether the API server answers.
struct ApiHealth {
    enum class State : std::uint8_t {
        unknown,     ///< nothing was asked yet
        noCluster,   ///< there is no kubeconfig on this node
        unreachable, ///< `problem` says why: credentials, network, 5xx
        reachable,
    };
    State state = State::unknown;
    std::string problem;
    std::string server; ///< the one in use
    std::string user;   ///< "system:node:node-a"; empty: not known
    friend bool operator==(const ApiHealth&, const ApiHealth&) = default;
};

class Connection : public Api {
public:
    Connection(sd_event* event, Credentials& credentials);
    ~Connection() override;

    using Api::send;
    [[nodiscard]] http::Call send(ApiRequest request, Receive receive, Done done) override;

    [[nodiscard]] const ApiHealth& health() const;
    void onHealthChange(std::function<void()> handler);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
