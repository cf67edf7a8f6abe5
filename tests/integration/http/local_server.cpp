// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/http/local_server.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll::test {
namespace {

void run(const std::string& command) {
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) { // NOLINT(*-env33-c)
        throw std::runtime_error("failed: " + command);
    }
}

/// Bound to a port of its own, which nobody listens on yet.
int loopbackSocket(int& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ::bind(fd, generic, size);
    ::getsockname(fd, generic, &size);
    port = ntohs(address.sin_port);
    return fd;
}

const std::string kNewKey = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

} // namespace

std::string contentOf(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

LocalServer::LocalServer(std::string host, std::unique_ptr<httplib::Server> server)
    : host_(std::move(host)),
      server_(server ? std::move(server) : std::make_unique<httplib::Server>()),
      tls_(dynamic_cast<httplib::SSLServer*>(server_.get()) != nullptr) {
    server_->new_task_queue = [] { return new httplib::ThreadPool(8); };
    port_ = server_->bind_to_any_port(host_.c_str());
    if (port_ <= 0) {
        throw std::runtime_error("cannot listen on " + host_);
    }
}

void LocalServer::start() {
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) {
        std::this_thread::yield();
    }
}

LocalServer::~LocalServer() {
    server_->stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

std::string LocalServer::url(const std::string& path) const {
    const auto host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
    return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port_) + path;
}

RawServer::RawServer(std::function<void(const Send&)> talk) : listening_(loopbackSocket(port_)) {
    ::listen(listening_, 1);
    thread_ = std::thread([listening = listening_, talk = std::move(talk)] {
        const int fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) { // over before anybody came
            return;
        }
        talk([fd](std::string_view piece) {
            return ::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(piece.size());
        });
        ::close(fd);
    });
}

RawServer::~RawServer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
}

int closedPort() {
    int port = 0;
    ::close(loopbackSocket(port));
    return port;
}

Certificates::Certificates() {
    std::string name = std::filesystem::temp_directory_path() / "plimsoll-tls-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp");
    }
    directory_ = name;
    for (const std::string ca : {"ca", "other-ca"}) {
        const auto base = directory_ + "/" + ca;
        run("openssl req -x509 -days 2 -subj /CN=test-" + ca + kNewKey + " -keyout " + base +
            ".key -out " + base + ".pem");
    }
}

Certificates::~Certificates() {
    std::filesystem::remove_all(directory_);
}

void Certificates::sign(const std::string& name, const std::string& subject, int days) const {
    const auto base = path(name);
    run("openssl req -subj /CN=" + name + " -addext subjectAltName=" + subject + kNewKey +
        " -keyout " + base + ".key -out " + base + ".csr");
    run("openssl x509 -req -in " + base + ".csr -CA " + ca() + " -CAkey " + directory_ +
        "/ca.key -CAcreateserial -copy_extensions copy -days " + std::to_string(days) + " -out " +
        base + ".pem");
}

std::unique_ptr<httplib::Server> Certificates::server(const std::string& subject, int days) const {
    sign("server", subject, days);
    return std::make_unique<httplib::SSLServer>(path("server.pem").c_str(),
                                                path("server.key").c_str());
}

std::unique_ptr<httplib::Server> Certificates::mutualServer(const std::string& subject) const {
    sign("server", subject, 2);
    return std::make_unique<httplib::SSLServer>(path("server.pem").c_str(),
                                                path("server.key").c_str(), ca().c_str());
}

Certificates::Identity Certificates::client(const std::string& name) const {
    sign(name, "DNS:" + name, 2);
    return {.certificatePem = contentOf(path(name + ".pem")),
            .keyPem = contentOf(path(name + ".key"))};
}

} // namespace plimsoll::test
