// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/material.hpp"

#include "kube/credentials/certificate.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLargestFile = kLargestKubeconfig;

/// Opened once and read once: whoever replaces it meanwhile gives us the old one or the new one.
Result<std::string> readFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status{};
    std::string text;
    int error = fd < 0 || ::fstat(fd, &status) != 0 ? errno : 0;
    if (error == 0 && !S_ISREG(status.st_mode)) {
        error = EINVAL;
    }
    while (error == 0 && text.size() <= kLargestFile) {
        const auto filled = text.size();
        text.resize(filled + 4096);
        const auto got = ::read(fd, text.data() + filled, 4096);
        text.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0) {
            break;
        }
        error = got < 0 && errno != EINTR ? errno : 0;
    }
    if (fd >= 0) {
        ::close(fd);
    }
    if (error != 0) {
        return fail(error, path + ": cannot be read: " + std::strerror(error));
    }
    if (text.size() > kLargestFile) {
        return fail(EFBIG, path + ": is larger than 1 MiB");
    }
    return text;
}

/// A file that kubelet removes and renames into its place is missing for a moment.
Result<std::string> readReplaced(const std::string& path, std::string_view field) {
    auto text = readFile(path);
    if (!text) {
        const auto code = text.error().code == ENOENT ? EAGAIN : text.error().code;
        return fail(code, text.error().what + " (" + std::string(field) + ")");
    }
    return text;
}

std::string withoutWhitespace(std::string text) {
    const auto last = text.find_last_not_of(" \t\r\n");
    text.resize(last == std::string::npos ? 0 : last + 1);
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    return text;
}

Result<void> checkDates(const ClientCertificate& certificate, const std::string& where,
                        WallTime now) {
    if (certificate.notAfter < now) {
        return fail(EKEYEXPIRED, where + ": the certificate expired at " +
                                     formatTime(certificate.notAfter) +
                                     "; kubelet has not renewed it");
    }
    return {};
}

Result<void> useCertificate(std::string_view certificate, std::string_view key,
                            const std::string& where, WallTime now, Access& into) {
    auto read = readClientCertificate(certificate, key, where);
    if (!read) {
        return std::unexpected(read.error());
    }
    if (auto checked = checkDates(*read, where, now); !checked) {
        return checked;
    }
    into.clientCertificatePem = std::move(read->pem);
    into.clientKeyPem = std::move(read->keyPem);
    into.user = std::move(read->user);
    into.expires = read->notAfter;
    return {};
}

/// The same file twice is read once, so that the two belong together.
Result<void> readCertificate(const Kubeconfig& config, WallTime now, Access& into) {
    Result<std::string> certificate = config.clientCertificatePem;
    if (!config.clientCertificateFile.empty()) {
        certificate = readReplaced(config.clientCertificateFile, "client-certificate");
    }
    Result<std::string> key = config.clientKeyPem;
    if (!config.clientKeyFile.empty()) {
        key = config.clientKeyFile == config.clientCertificateFile
                  ? certificate
                  : readReplaced(config.clientKeyFile, "client-key");
    }
    if (!certificate || !key) {
        return std::unexpected(certificate ? key.error() : certificate.error());
    }
    const auto where = config.clientCertificateFile.empty()
                           ? config.path + ": client-certificate-data"
                           : config.clientCertificateFile;
    return useCertificate(*certificate, *key, where, now, into);
}

Result<void> readToken(const Kubeconfig& config, Access& into) {
    if (config.tokenFile.empty()) {
        into.bearerToken = config.token;
        return {};
    }
    auto text = readReplaced(config.tokenFile, "tokenFile");
    if (!text) {
        return std::unexpected(text.error());
    }
    into.bearerToken = withoutWhitespace(*std::move(text));
    const auto isControl = [](unsigned char c) { return c <= 0x20 || c == 0x7f; };
    if (into.bearerToken.empty() || std::ranges::any_of(into.bearerToken, isControl)) {
        return fail(EINVAL, config.tokenFile + ": must be one token (tokenFile)");
    }
    return {};
}

Result<void> usePlugin(const Kubeconfig& config, const ExecCredential& credential, WallTime now,
                       Access& into) {
    into.bearerToken = credential.token;
    if (!credential.certificatePem.empty()) {
        const auto where = "what the plugin " + config.exec->command + " printed";
        if (auto used =
                useCertificate(credential.certificatePem, credential.keyPem, where, now, into);
            !used) {
            return used;
        }
    }
    if (credential.expires) {
        into.expires = std::min(into.expires.value_or(*credential.expires), *credential.expires);
    }
    return {};
}

Result<void> readUser(const Kubeconfig& config, const std::optional<ExecCredential>& credential,
                      WallTime now, Access& into) {
    if (!config.clientCertificateFile.empty() || !config.clientCertificatePem.empty()) {
        return readCertificate(config, now, into); // would win over a token
    }
    if (!config.token.empty() || !config.tokenFile.empty()) {
        return readToken(config, into);
    }
    return usePlugin(config, credential.value_or(ExecCredential{}), now, into);
}

} // namespace

Result<Kubeconfig> readKubeconfig(const std::vector<std::string>& places) {
    for (const auto& place : places) {
        auto text = readFile(place);
        if (!text) {
            if (text.error().code == ENOENT || text.error().code == ENOTDIR) {
                continue;
            }
            return std::unexpected(text.error());
        }
        if (places.size() == 1 || isKubeconfig(*text)) {
            return parseKubeconfig(*text, place);
        }
    }
    return fail(ENOENT, places.size() == 1
                            ? places[0] + ": there is no such kubeconfig"
                            : "no kubeconfig of a kubelet is on this node; if it has one in an "
                              "unusual place, name it: kubeconfig in section [cluster] of "
                              "plimsolld.toml");
}

Result<void> readCa(Kubeconfig& config) {
    if (!config.caFile.empty()) {
        auto text = readReplaced(config.caFile, "certificate-authority");
        if (!text) {
            return std::unexpected(text.error());
        }
        config.caPem = *std::move(text);
    }
    if (!config.caPem.empty() && countCertificates(config.caPem) == 0) {
        return fail(EINVAL, (config.caFile.empty() ? config.path + ": certificate-authority-data"
                                                   : config.caFile) +
                                ": has no certificate in PEM, or a damaged one");
    }
    return {};
}

Result<Access> readAccess(Kubeconfig& config, const std::optional<ExecCredential>& credential,
                          const std::vector<std::string>& moreServers, WallTime now) {
    if (auto read = readCa(config); !read) {
        return std::unexpected(read.error());
    }
    Access access{.servers = {config.server},
                  .tlsServerName = config.tlsServerName,
                  .proxy = config.proxy,
                  .caPem = config.caPem,
                  .origin = config.path};
    for (const auto& server : moreServers) {
        if (std::ranges::find(access.servers, server) == access.servers.end()) {
            access.servers.push_back(server);
        }
    }
    if (auto read = readUser(config, credential, now, access); !read) {
        return std::unexpected(read.error());
    }
    return access;
}

} // namespace plimsoll::kube
