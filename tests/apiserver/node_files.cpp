// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/node_files.hpp"

#include <array>
#include <ctime>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <openssl/evp.h>
#include <stdexcept>

namespace plimsoll::test::apiserver {

namespace fs = std::filesystem;

namespace {

std::string base64(const std::string& text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), int(text.size()));
    out.resize(std::size_t(size));
    return out;
}

std::string kubeconfigOf(const std::string& server, const std::string& caPem,
                         const std::string& userName, const std::string& userFields) {
    return fmt::format("apiVersion: v1\n"
                       "clusters:\n"
                       "- cluster:\n"
                       "    certificate-authority-data: {0}\n"
                       "    server: {1}\n"
                       "  name: default-cluster\n"
                       "contexts:\n"
                       "- context:\n"
                       "    cluster: default-cluster\n"
                       "    namespace: default\n"
                       "    user: {2}\n"
                       "  name: default-context\n"
                       "current-context: default-context\n"
                       "kind: Config\n"
                       "preferences: {{}}\n"
                       "users:\n"
                       "- name: {2}\n"
                       "  user:\n"
                       "{3}",
                       base64(caPem), server, userName, userFields);
}

/// "kubelet-client-2026-11-22-04-18-35.pem"; a number after it where two fall in one second.
fs::path freshName(const fs::path& pki) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> stamp{};
    const auto size = std::strftime(stamp.data(), stamp.size(), "%Y-%m-%d-%H-%M-%S", &parts);
    const std::string base = "kubelet-client-" + std::string(stamp.data(), size);
    fs::path path = pki / (base + ".pem");
    for (int again = 1; fs::exists(path); ++again)
        path = pki / fmt::format("{}-{}.pem", base, again);
    return path;
}

} // namespace

void writeFile(const std::string& path, const std::string& text, unsigned mode) {
    const std::string beside = path + ".new";
    std::ofstream(beside) << text;
    fs::permissions(beside, fs::perms(mode));
    fs::rename(beside, path);
}

NodeFiles::NodeFiles(std::string directory, std::string node)
    : directory_(std::move(directory)), node_(std::move(node)) {
    fs::create_directories(fs::path(directory_) / node_ / "pki");
}

std::string NodeFiles::kubeconfig() const {
    return (fs::path(directory_) / node_ / "kubelet.conf").string();
}

std::string NodeFiles::currentPem() const {
    return (fs::path(directory_) / node_ / "pki/kubelet-client-current.pem").string();
}

void NodeFiles::writeKubeconfig(const std::string& server, const std::string& caPem) const {
    const std::string pem = fs::absolute(currentPem()).string();
    writeFile(kubeconfig(),
              kubeconfigOf(server, caPem, "default-auth",
                           fmt::format("    client-certificate: {0}\n    client-key: {0}\n", pem)),
              0600);
}

void NodeFiles::rotate(const Pem& pem) const {
    const fs::path pki = fs::path(currentPem()).parent_path();
    const fs::path fresh = freshName(pki);
    writeFile(fresh.string(), pem.certificate + pem.key, 0600);
    const fs::path updated = pki / "kubelet-client-updated.pem";
    fs::remove(updated);
    fs::create_symlink(fs::absolute(fresh), updated);
    fs::remove(currentPem());
    fs::rename(updated, currentPem());
}

std::string inlineKubeconfig(const std::string& server, const std::string& caPem, const Pem& pem) {
    return kubeconfigOf(server, caPem, "admin",
                        fmt::format("    client-certificate-data: {}\n    client-key-data: {}\n",
                                    base64(pem.certificate), base64(pem.key)));
}

std::string kubeconfigWithToken(const std::string& server, const std::string& caPem,
                                const std::string& token) {
    return kubeconfigOf(server, caPem, "token", fmt::format("    token: {}\n", token));
}

} // namespace plimsoll::test::apiserver
