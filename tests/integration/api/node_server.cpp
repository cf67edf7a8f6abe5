// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/api/node_server.hpp"

#include <array>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <utility>

namespace plimsoll::test {

kube::Access accessOf(const Certificates& certificates, const std::string& user) {
    auto identity = certificates.client(user);
    kube::Access access;
    access.caPem = contentOf(certificates.ca());
    access.clientCertificatePem = std::move(identity.certificatePem);
    access.clientKeyPem = std::move(identity.keyPem);
    access.user = user;
    access.origin = "/etc/kubernetes/kubelet.conf";
    return access;
}

std::string userOf(const httplib::Request& request) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(request.ssl), &X509_free);
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    return name.data();
}

NodeServer::NodeServer(const Certificates& certificates, int port)
    : server_(certificates.mutualServer("IP:127.0.0.1")), port_(port) {
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
