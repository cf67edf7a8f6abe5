// SPDX-License-Identifier: Apache-2.0
// A server of mutual TLS that knows nodes by their certificates.
#pragma once

#include "kube/credentials/access.hpp"
#include "tests/integration/http/local_server.hpp"

#include <memory>
#include <string>
#include <thread>

namespace plimsoll::test {

/// With a new key each time.
kube::Access accessOf(const Certificates& certificates, const std::string& user);

/// The CN of who asks.
std::string userOf(const httplib::Request& request);

/// Listens on a port of its own or on a given one, so that it can come back.
class NodeServer {
public:
    explicit NodeServer(const Certificates& certificates, int port = 0);
    ~NodeServer();
    NodeServer(const NodeServer&) = delete;
    NodeServer& operator=(const NodeServer&) = delete;

    httplib::Server& routes() { return *server_; } ///< before start()
    void start();
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

private:
    std::unique_ptr<httplib::Server> server_;
    int port_;
    std::thread thread_;
};

} // namespace plimsoll::test
