// SPDX-License-Identifier: Apache-2.0
// Real servers on the loopback, each with a port of its own and in its own thread.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT // Debian says it on the command line
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#include <functional>
#include <httplib.h>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace plimsoll::test {

class LocalServer {
public:
    explicit LocalServer(std::string host = "127.0.0.1",
                         std::unique_ptr<httplib::Server> server = nullptr);
    ~LocalServer();
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;

    httplib::Server& routes() { return *server_; } ///< before start()
    void start();
    [[nodiscard]] int port() const { return port_; }
    /// "http://127.0.0.1:34567" and the path.
    [[nodiscard]] std::string url(const std::string& path) const;

private:
    std::string host_;
    std::unique_ptr<httplib::Server> server_;
    bool tls_;
    int port_ = 0;
    std::thread thread_;
};

/// Takes one connection and sends whatever `talk` makes of it, which need not be HTTP.
class RawServer {
public:
    /// Sends a piece; false: the other side has gone.
    using Send = std::function<bool(std::string_view piece)>;

    explicit RawServer(std::function<void(const Send&)> talk);
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int port_ = 0;
    int listening_; // after port_, which opening it sets
    std::thread thread_;
};

/// A port on the loopback on which nobody listens.
int closedPort();

std::string contentOf(const std::string& path);

/// A CA and what it signed, made by the openssl command in a directory of its own.
class Certificates {
public:
    Certificates();
    ~Certificates();
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    [[nodiscard]] std::string ca() const { return directory_ + "/ca.pem"; }
    [[nodiscard]] std::string otherCa() const { return directory_ + "/other-ca.pem"; }
    /// A server whose certificate names `subject` ("IP:127.0.0.1") and ends in so many days;
    /// with 0 it has expired.
    [[nodiscard]] std::unique_ptr<httplib::Server> server(const std::string& subject,
                                                          int days) const;
    /// Likewise, and wants a client certificate of the CA.
    [[nodiscard]] std::unique_ptr<httplib::Server> mutualServer(const std::string& subject) const;
    struct Identity {
        std::string certificatePem;
        std::string keyPem;
    };
    [[nodiscard]] Identity client(const std::string& name) const;
    /// Signs NAME.pem for NAME.key in the directory.
    void sign(const std::string& name, const std::string& subject, int days) const;
    [[nodiscard]] std::string path(const std::string& file) const {
        return directory_ + "/" + file;
    }

private:
    std::string directory_;
};

} // namespace plimsoll::test
