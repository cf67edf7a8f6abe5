// SPDX-License-Identifier: Apache-2.0
// The API server of this node's cluster, reached with the node's credentials.
#pragma once

#include "kube/api/api.hpp"
#include "kube/credentials/credentials.hpp"

#include <cstdint>
#include <functional>
#include <memory>
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

struct ApiPorts;

class Connection : public Api {
public:
    /// `credentials` must live longer. Throws std::system_error when the loop or libcurl cannot be
    /// had.
    Connection(sd_event* event, Credentials& credentials);
    Connection(sd_event* event, ApiPorts ports);
    /// Cancels what is under way.
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    using Api::send;
    [[nodiscard]] http::Call send(ApiRequest request, Receive receive, Done done) override;

    [[nodiscard]] const ApiHealth& health() const;
    /// Called from the loop, when there is another state, another server that answers or another
    /// user. Nothing is asked for the sake of it: while the server is away, the retries of those
    /// who need something find out when it is back.
    void onHealthChange(std::function<void()> handler);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
