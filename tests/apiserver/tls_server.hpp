// SPDX-License-Identifier: Apache-2.0
// cpp-httplib's server over connections of our own, which can be counted and cut.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT // Debian says it on the command line
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#include <functional>
#include <httplib.h>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace plimsoll::test::apiserver {

class Connection {
public:
    Connection(int socket, SSL* ssl) : socket_(socket), ssl_(ssl) {}

    [[nodiscard]] int socket() const { return socket_; }
    [[nodiscard]] SSL* ssl() const { return ssl_; }
    void cut();
    [[nodiscard]] bool hasGone() const;

    // Of the request at hand, without TLS.
    std::size_t bytesIn = 0;
    std::size_t bytesOut = 0;
    std::optional<std::size_t> cutAfterBytes;
    bool acceptsGzip = false;
    bool isWatch = false; ///< written and read under the server's lock
    std::function<void()> afterAnswer;

private:
    int socket_;
    SSL* ssl_;
};

class TlsServer : public httplib::Server {
public:
    explicit TlsServer(SSL_CTX* context);

    /// The connection of the request that this thread works on.
    static Connection& current();
    void markWatch();
    void cutAll();
    void cutWatches();

private:
    bool process_and_close_socket(socket_t sock) override;
    void serve(Connection& connection);

    SSL_CTX* context_;
    std::mutex mutex_;
    std::set<Connection*> connections_;
    bool isStopping_ = false;
};

} // namespace plimsoll::test::apiserver
