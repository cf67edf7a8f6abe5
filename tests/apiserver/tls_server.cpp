// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/tls_server.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::test::apiserver {

namespace {

constexpr int kKeepAlive = 90; // seconds that a real server keeps an idle connection
constexpr std::size_t kThreads = 96;

thread_local Connection* currentConnection = nullptr;

class TlsStream : public httplib::Stream {
public:
    explicit TlsStream(Connection& connection) : connection_(&connection) {}

    [[nodiscard]] bool is_readable() const override { return !connection_->hasGone(); }
    [[nodiscard]] bool is_writable() const override { return !connection_->hasGone(); }

    ssize_t read(char* to, size_t size) override {
        const int got = SSL_read(connection_->ssl(), to, int(std::min<size_t>(size, 1U << 20U)));
        if (got > 0)
            connection_->bytesIn += std::size_t(got);
        return got;
    }

    ssize_t write(const char* from, size_t size) override {
        const auto limit = connection_->cutAfterBytes;
        const size_t allowed =
            limit ? std::min(size, *limit - std::min(*limit, connection_->bytesOut)) : size;
        const int sent = allowed > 0 ? SSL_write(connection_->ssl(), from, int(allowed)) : 0;
        if (sent > 0)
            connection_->bytesOut += std::size_t(sent);
        if (allowed < size) {
            connection_->cut();
            return -1;
        }
        return sent;
    }

    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip = "127.0.0.1";
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip = "127.0.0.1";
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return connection_->socket(); }

private:
    Connection* connection_;
};

void setTimeouts(int socket) {
    const timeval half{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &half, sizeof half);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &half, sizeof half);
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

bool waitForRequest(const Connection& connection) {
    if (SSL_pending(connection.ssl()) > 0)
        return true;
    pollfd wait{.fd = connection.socket(), .events = POLLIN, .revents = 0};
    return poll(&wait, 1, kKeepAlive * 1000) > 0 && (wait.revents & (POLLHUP | POLLERR)) == 0;
}

} // namespace

void Connection::cut() {
    shutdown(socket_, SHUT_RDWR);
}

bool Connection::hasGone() const {
    pollfd look{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    return poll(&look, 1, 0) > 0;
}

TlsServer::TlsServer(SSL_CTX* context) : context_(context) {
    new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    set_keep_alive_timeout(kKeepAlive);
    set_keep_alive_max_count(1'000'000); // only said in a header: serve() counts nothing
    set_socket_options([](socket_t sock) {
        const int yes = 1; // the same port again, at once
        setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
}

Connection& TlsServer::current() {
    return *currentConnection;
}

void TlsServer::markWatch() {
    const std::scoped_lock lock(mutex_);
    currentConnection->isWatch = true;
}

void TlsServer::cutAll() {
    const std::scoped_lock lock(mutex_);
    isStopping_ = true;
    std::ranges::for_each(connections_, [](Connection* connection) { connection->cut(); });
}

void TlsServer::cutWatches() {
    const std::scoped_lock lock(mutex_);
    for (Connection* connection : connections_)
        if (connection->isWatch)
            connection->cut();
}

bool TlsServer::process_and_close_socket(socket_t sock) {
    setTimeouts(sock);
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, sock);
    Connection connection(sock, ssl);
    {
        const std::scoped_lock lock(mutex_);
        if (isStopping_)
            connection.cut();
        connections_.insert(&connection);
    }
    currentConnection = &connection;
    if (SSL_accept(ssl) == 1)
        serve(connection);
    currentConnection = nullptr;
    {
        const std::scoped_lock lock(mutex_);
        connections_.erase(&connection);
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(sock);
    return true;
}

void TlsServer::serve(Connection& connection) {
    TlsStream stream(connection);
    bool isClosed = false;
    while (!isClosed && waitForRequest(connection)) {
        connection.bytesIn = connection.bytesOut = 0;
        connection.cutAfterBytes.reset();
        const bool isAnswered =
            process_request(stream, false, isClosed, [&](httplib::Request& request) {
                request.ssl = connection.ssl();
                // httplib would compress all that it can; the API server does so with large
                // answers only, so the handler is left to ask for it.
                connection.acceptsGzip =
                    request.get_header_value("Accept-Encoding").contains("gzip");
                request.headers.erase("Accept-Encoding");
            });
        if (auto after = std::exchange(connection.afterAnswer, nullptr))
            after();
        const std::scoped_lock lock(mutex_);
        connection.isWatch = false;
        if (!isAnswered)
            return;
    }
}

} // namespace plimsoll::test::apiserver
