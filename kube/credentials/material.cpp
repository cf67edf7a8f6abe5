// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/material.hpp"

#include "kube/credentials/pem.hpp"
#include "kube/credentials/small_file.hpp"
#include "kube/credentials/token.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace plimsoll::kube {
namespace {

template <class T>
using Outcome = std::expected<T, MaterialProblem>;

/// "FIELD: FILE", or the field alone where the data stand in it.
std::string placeOf(const Material& material) {
    return material.data.empty() ? material.field + ": " + material.file : material.field;
}

std::unexpected<MaterialProblem> problem(const Material& material, std::string_view reason) {
    return std::unexpected(
        MaterialProblem{.error = {.what = placeOf(material) + " " + std::string(reason)},
                        .passing = material.data.empty()});
}

/// Certificate and key that stand in one file come from one reading of it.
class Files {
public:
    Outcome<std::string> textOf(const Material& material) {
        if (!material.data.empty() || material.file.empty()) {
            return material.data;
        }
        const auto known = texts_.find(material.file);
        if (known != texts_.end()) {
            return known->second;
        }
        auto text = readSmallFile(material.file, kMaxCredentialBytes);
        if (!text) {
            return std::unexpected(
                MaterialProblem{.error = {.what = placeOf(material) + ": " + text.error().what},
                                .passing = text.error().code == ENOENT});
        }
        texts_.emplace(material.file, *text);
        return *std::move(text);
    }

private:
    std::map<std::string, std::string> texts_;
};

/// What is wrong with the time, or nothing.
std::string untimely(const ClientIdentity& identity, WallTime now) {
    if (identity.notAfter <= now) {
        return "has a certificate that expired at " + shownTime(identity.notAfter) +
               "; see why it was not renewed";
    }
    if (identity.notBefore > now) {
        return "has a certificate that is not valid before " + shownTime(identity.notBefore) +
               "; see whether the clock of this node is right";
    }
    return {};
}

Outcome<Access> addCertificate(Access access, const Kubeconfig& config, Files& files,
                               WallTime now) {
    const auto certificateText = files.textOf(config.certificate);
    if (!certificateText) {
        return std::unexpected(certificateText.error());
    }
    const auto keyText = files.textOf(config.key);
    if (!keyText) {
        return std::unexpected(keyText.error());
    }
    access.clientCertificatePem = splitPem(*certificateText).certificates;
    access.clientKeyPem = splitPem(*keyText).key;
    if (access.clientCertificatePem.empty()) {
        return problem(config.certificate, "holds no certificate that can be read (PEM is needed)");
    }
    if (access.clientKeyPem.empty()) {
        return problem(config.key, "holds no private key that can be read (PEM is needed)");
    }
    const auto identity = identityOf(access.clientCertificatePem, access.clientKeyPem);
    if (!identity) {
        return problem(config.certificate, identity.error());
    }
    if (const auto reason = untimely(*identity, now); !reason.empty()) {
        auto wrong = problem(config.certificate, reason);
        wrong.error().passing = false;
        return wrong;
    }
    access.user = identity->commonName;
    access.expires = identity->notAfter;
    return access;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto begin = text.find_first_not_of(kSpace);
    return begin == std::string_view::npos
               ? std::string()
               : std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

/// The file wins, since tokens in files rotate; the one in the kubeconfig is for when it fails.
Outcome<std::string> readToken(const Kubeconfig& config, Files& files) {
    if (config.tokenFile.file.empty()) {
        return config.token;
    }
    const auto text = files.textOf(config.tokenFile);
    auto token = trimmed(text ? *text : "");
    if (!token.empty() && isToken(token)) {
        return token;
    }
    if (!config.token.empty()) {
        return config.token;
    }
    return text ? problem(config.tokenFile, "holds no token: one word is needed")
                : std::unexpected(text.error());
}

} // namespace

std::expected<Access, MaterialProblem> readMaterial(const Kubeconfig& config, WallTime now) {
    Files files;
    Access access{
        .servers = {config.server}, .tlsServerName = config.tlsServerName, .proxy = config.proxy};
    if (config.ca.given()) {
        const auto text = files.textOf(config.ca);
        if (!text) {
            return std::unexpected(text.error());
        }
        access.caPem = splitPem(*text).certificates;
        if (access.caPem.empty()) {
            return problem(config.ca, "holds no certificate that can be read (PEM is needed)");
        }
    }
    if (config.certificate.given()) {
        return addCertificate(std::move(access), config, files, now);
    }
    auto token = readToken(config, files);
    if (!token) {
        return std::unexpected(std::move(token).error());
    }
    access.bearerToken = *std::move(token);
    return access;
}

Result<Access> withAnswer(Access access, const ExecAnswer& answer, WallTime now) {
    access.expires = answer.expires;
    if (answer.expires && *answer.expires <= now) {
        return fail(0, "gave a credential that had expired at " + shownTime(*answer.expires));
    }
    if (answer.key.empty()) {
        access.bearerToken = answer.token;
        return access;
    }
    access.clientCertificatePem = splitPem(answer.certificates).certificates;
    access.clientKeyPem = splitPem(answer.key).key;
    const auto identity = identityOf(access.clientCertificatePem, access.clientKeyPem);
    if (!identity) {
        return fail(0, "gave an answer that " + identity.error());
    }
    if (const auto reason = untimely(*identity, now); !reason.empty()) {
        return fail(0, "gave an answer that " + reason);
    }
    access.user = identity->commonName;
    access.expires = std::min(answer.expires.value_or(identity->notAfter), identity->notAfter);
    return access;
}

} // namespace plimsoll::kube
