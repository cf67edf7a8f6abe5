// SPDX-License-Identifier: Apache-2.0
// A small living API server for a node or two, with mutual TLS, on the loopback. It answers as the
// recorded server of tests/data/apiserver did, and can be made to fail in every recorded way.
#pragma once

#include "tests/apiserver/access_log.hpp"
#include "tests/apiserver/certificates.hpp"
#include "tests/apiserver/cluster.hpp"
#include "tests/apiserver/faults.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::test {

class ApiServer {
public:
    struct Options {
        /// For certificates and kubeconfigs; empty: one of its own, removed at the end. An
        /// authority found there is used again.
        std::string directory;
        std::string host = "127.0.0.1";
        int port = 0; ///< 0: any
        std::vector<std::string> nodes = {"node-a"};
        std::vector<std::string> names; ///< further names of the server: "DNS:api.example"
        std::chrono::seconds lifetime = std::chrono::hours(24); ///< of the nodes' certificates
    };

    /// Listens when it is there; throws std::runtime_error where it cannot. The nodes' Node objects
    /// exist, Crane's definitions and roles do not.
    ApiServer();
    explicit ApiServer(Options options);
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    [[nodiscard]] std::string url() const; ///< "https://127.0.0.1:34567"
    [[nodiscard]] std::string directory() const;
    [[nodiscard]] std::string caFile() const;
    [[nodiscard]] std::string kubeconfig(const std::string& node = "node-a") const;
    [[nodiscard]] std::string adminKubeconfig() const;
    /// The file that the kubelet's link names.
    [[nodiscard]] std::string clientPem(const std::string& node = "node-a") const;
    /// A new certificate in the node's store, as the kubelet rotates it.
    void rotate(const std::string& node, std::chrono::seconds lifetime);
    [[nodiscard]] const apiserver::Authority& authority() const;
    /// A bearer token that is known from now on, and a kubeconfig with it.
    std::string kubeconfigWithToken(const std::string& token, const std::string& user,
                                    const std::vector<std::string>& groups);
    void forgetToken(const std::string& token);

    /// Connections are cut and refused until start(), which listens on the same port again. What
    /// is older than the new start cannot be watched from, as with a real server.
    void stop();
    void start();
    void cutWatches();
    /// No watch from a version before now.
    void compact();

    /// Crane's three definitions: with them the kinds are there; without, their objects go too.
    void installDefinitions();
    void removeDefinitions();
    /// The role by which nodes read Crane's kinds.
    void installNodeRole();
    void removeNodeRole();

    // Objects, without any check. Paths as the API has them: "/api/v1/nodes/node-a".
    /// Created or replaced; throws std::runtime_error on an object of no kind that is known.
    apiserver::Json apply(const apiserver::Json& object);
    [[nodiscard]] apiserver::Json get(const std::string& path) const; ///< null: not there
    bool erase(const std::string& path);
    /// A Running pod of a node, with the fields that matter.
    apiserver::Json addPod(const std::string& node, const std::string& space,
                           const std::string& name, const apiserver::Json& labels = {});

    /// `json` as apiserver::faultOf() reads it.
    void fault(const apiserver::Json& json);
    [[nodiscard]] apiserver::Faults& faults();
    [[nodiscard]] apiserver::AccessLog& log();
    [[nodiscard]] apiserver::Cluster& cluster();

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::test
