// SPDX-License-Identifier: Apache-2.0
// A server of mutual TLS that knows nodes by their certificates, and the certificates.
#pragma once

#include "kube/credentials/access.hpp"
#include "tests/integration/http/local_server.hpp"

#include <memory>
#include <string>
#include <thread>

namespace plimsoll::test {

/// Certificates of one CA: of the server at 127.0.0.1, and of nodes.
class NodeCertificates {
public:
    NodeCertificates();

    /// With a new key each time.
    [[nodiscard]] kube::Access accessOf(const std::string& user) const;
    [[nodiscard]] std::unique_ptr<httplib::Server> server() const;
    [[nodiscard]] std::string otherCaPem() const;

private:
    [[nodiscard]] std::string file(const std::string& name) const;

    Certificates certificates_;
};

/// The CN of who asks.
std::string userOf(const httplib::Request& request);

/// Listens on a port of its own or on a given one, so that it can come back.
class NodeServer {
public:
    explicit NodeServer(const NodeCertificates& certificates, int port = 0);
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
