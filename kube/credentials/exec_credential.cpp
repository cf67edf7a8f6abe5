// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/exec_credential.hpp"

#include "kube/timestamp.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kKind = "ExecCredential";

std::string toBase64(const std::string& bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // it writes a NUL behind
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

/// Empty: absent or no string.
std::string textAt(const Json& object, const char* key) {
    const auto member = object.find(key);
    return member == object.end() || !member->is_string() ? "" : member->get<std::string>();
}

std::unexpected<Error> bad(const ExecPlugin& plugin, std::string_view why) {
    return fail(EBADMSG, "the plugin " + plugin.command + " " + std::string(why));
}

bool isOneLine(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

} // namespace

std::string execInfo(const ExecPlugin& plugin, const Kubeconfig& config) {
    Json spec{{"interactive", false}};
    if (plugin.provideClusterInfo) {
        Json cluster{{"server", config.server}};
        if (!config.caPem.empty()) {
            cluster["certificate-authority-data"] = toBase64(config.caPem);
        }
        if (!config.tlsServerName.empty()) {
            cluster["tls-server-name"] = config.tlsServerName;
        }
        if (!config.proxy.empty()) {
            cluster["proxy-url"] = config.proxy;
        }
        spec["cluster"] = std::move(cluster);
    }
    return Json{{"apiVersion", plugin.apiVersion}, {"kind", kKind}, {"spec", std::move(spec)}}
        .dump();
}

Result<ExecCredential> readExecCredential(std::string_view json, const ExecPlugin& plugin) {
    const auto answer = Json::parse(json, nullptr, false);
    if (!answer.is_object()) {
        return bad(plugin, "printed no JSON object");
    }
    if (textAt(answer, "kind") != kKind || textAt(answer, "apiVersion") != plugin.apiVersion) {
        return bad(plugin, "must print an ExecCredential of " + plugin.apiVersion);
    }
    const auto status = answer.find("status");
    if (status == answer.end() || !status->is_object()) {
        return bad(plugin, "printed no status");
    }
    ExecCredential result{.token = textAt(*status, "token"),
                          .certificatePem = textAt(*status, "clientCertificateData"),
                          .keyPem = textAt(*status, "clientKeyData")};
    if (!isOneLine(result.token)) {
        return bad(plugin, "printed a token of more than one line");
    }
    if (result.certificatePem.empty() != result.keyPem.empty()) {
        return bad(plugin, "must print clientCertificateData and clientKeyData together");
    }
    if (result.token.empty() && result.certificatePem.empty()) {
        return bad(plugin, "printed neither a token nor a certificate");
    }
    if (const auto expiry = textAt(*status, "expirationTimestamp"); !expiry.empty()) {
        const auto seconds = parseTimestamp(expiry);
        if (!seconds) {
            return bad(plugin, "printed an expirationTimestamp that is no time");
        }
        result.expires = WallTime(std::chrono::seconds(*seconds));
    }
    return result;
}

} // namespace plimsoll::kube
