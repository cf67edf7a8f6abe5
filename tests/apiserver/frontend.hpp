// SPDX-License-Identifier: Apache-2.0
// From the connection to the cluster and back: TLS, who it is, faults, the log, watch streams.
#pragma once

#include "tests/apiserver/access_log.hpp"
#include "tests/apiserver/certificates.hpp"
#include "tests/apiserver/cluster.hpp"
#include "tests/apiserver/faults.hpp"
#include "tests/apiserver/tls_server.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace plimsoll::test::apiserver {

class Tokens {
public:
    void add(const std::string& token, Identity identity);
    void remove(const std::string& token);
    [[nodiscard]] std::optional<Identity> find(const std::string& token) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, Identity> identities_;
};

struct Rooms {
    Cluster cluster;
    Faults faults;
    AccessLog log;
    Tokens tokens;
};

class Frontend {
public:
    Frontend(Rooms& rooms, const Pem& server, std::string caPem);
    ~Frontend();
    Frontend(const Frontend&) = delete;
    Frontend& operator=(const Frontend&) = delete;

    /// The port, which is `port` unless that is 0; throws std::runtime_error.
    int start(const std::string& host, int port);
    void stop();
    void cutWatches();

private:
    void routeAll();
    void handle(const httplib::Request& from, httplib::Response& to);
    void answer(const httplib::Request& from, httplib::Response& to, const Request& request,
                std::size_t number);
    bool suffer(const Fault& fault, httplib::Response& to);
    void pause(std::chrono::milliseconds time);
    void stream(httplib::Response& to, const Request& request, std::size_t number);
    Outcome<Identity> identityOf(const httplib::Request& from) const;

    Rooms* rooms_;
    std::string caPem_;
    SSL_CTX* context_;
    X509_STORE* trusted_;
    std::atomic<bool> isStopping_ = false;
    std::unique_ptr<TlsServer> server_;
    std::thread thread_;
};

/// As they come over the wire; the control port uses it too.
Request requestOf(const httplib::Request& from);
void send(const Reply& reply, httplib::Response& to);

} // namespace plimsoll::test::apiserver
