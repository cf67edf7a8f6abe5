// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/api/node_server.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>

namespace plimsoll::test {
namespace {

void run(const std::string& command) {
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) { // NOLINT(*-env33-c)
        throw std::runtime_error("failed: " + command);
    }
}

std::string contentOf(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace

NodeCertificates::NodeCertificates() {
    static_cast<void>(certificates_.server("IP:127.0.0.1", 2)); // for its files
}

std::string NodeCertificates::file(const std::string& name) const {
    return std::filesystem::path(certificates_.ca()).parent_path() / name;
}

kube::Access NodeCertificates::accessOf(const std::string& user) const {
    run("openssl req -subj '/O=system:nodes/CN=" + user +
        "' -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + file("node.key") +
        " -out " + file("node.csr"));
    run("openssl x509 -req -in " + file("node.csr") + " -CA " + file("ca.pem") + " -CAkey " +
        file("ca.key") + " -CAcreateserial -days 2 -out " + file("node.pem"));
    kube::Access access;
    access.caPem = contentOf(file("ca.pem"));
    access.clientCertificatePem = contentOf(file("node.pem"));
    access.clientKeyPem = contentOf(file("node.key"));
    access.user = user;
    access.origin = "/etc/kubernetes/kubelet.conf";
    return access;
}

std::unique_ptr<httplib::Server> NodeCertificates::server() const {
    return std::make_unique<httplib::SSLServer>(file("server.pem").c_str(),
                                                file("server.key").c_str(), file("ca.pem").c_str());
}

std::string NodeCertificates::otherCaPem() const {
    return contentOf(certificates_.otherCa());
}

std::string userOf(const httplib::Request& request) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(request.ssl), &X509_free);
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    return name.data();
}

NodeServer::NodeServer(const NodeCertificates& certificates, int port)
    : server_(certificates.server()), port_(port) {
    server_->new_task_queue = [] { return new httplib::ThreadPool(8); };
    server_->set_keep_alive_timeout(1); // s; going waits for it
    if (port_ == 0) {
        port_ = server_->bind_to_any_port("127.0.0.1");
    } else if (!server_->bind_to_port("127.0.0.1", port_)) {
        port_ = 0;
    }
    if (port_ <= 0) {
        throw std::runtime_error("cannot listen on 127.0.0.1");
    }
}

void NodeServer::start() {
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) {
        std::this_thread::yield();
    }
}

NodeServer::~NodeServer() {
    server_->stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

} // namespace plimsoll::test
