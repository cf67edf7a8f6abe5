// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/exec_credential.hpp"

#include "kube/credentials/base64.hpp"
#include "kube/credentials/token.hpp"
#include "kube/timestamp.hpp"

#include <nlohmann/json.hpp>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

/// Null for what is not there.
const Json& at(const Json& object, const char* key) {
    static const Json kNothing;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() ? *found : kNothing;
}

Result<std::string> textAt(const Json& status, const char* key) {
    const Json& value = at(status, key);
    if (value.is_null()) {
        return std::string();
    }
    if (!value.is_string()) {
        return fail(0, "status." + std::string(key) + " must be a string");
    }
    return value.get<std::string>();
}

Result<std::optional<WallTime>> expiryOf(const Json& status) {
    const auto text = textAt(status, "expirationTimestamp");
    if (!text || text->empty()) {
        return text ? Result<std::optional<WallTime>>(std::nullopt) : std::unexpected(text.error());
    }
    const auto seconds = parseTimestamp(*text);
    if (!seconds) {
        return fail(0, "status.expirationTimestamp must be like 2026-01-01T00:00:00Z");
    }
    return WallTime(std::chrono::seconds(*seconds));
}

Result<ExecAnswer> readStatus(const Json& status) {
    auto token = textAt(status, "token");
    auto certificates = textAt(status, "clientCertificateData");
    auto key = textAt(status, "clientKeyData");
    const auto expires = expiryOf(status);
    for (const auto* text : {&token, &certificates, &key}) {
        if (!*text) {
            return std::unexpected(text->error());
        }
    }
    if (!expires) {
        return std::unexpected(expires.error());
    }
    if (certificates->empty() != key->empty()) {
        return fail(0, "status must have both clientCertificateData and clientKeyData, or neither");
    }
    if (token->empty() && key->empty()) {
        return fail(0, "status must have a token, or clientCertificateData and clientKeyData");
    }
    if (!isToken(*token)) {
        return fail(0, "status.token must be one word");
    }
    return ExecAnswer{*std::move(token), *std::move(certificates), *std::move(key), *expires};
}

} // namespace

std::string execInfo(const ExecCommand& command, const Kubeconfig& config,
                     const std::string& caPem) {
    Json info = {{"kind", "ExecCredential"},
                 {"apiVersion", command.apiVersion},
                 {"spec", {{"interactive", false}}}};
    if (command.provideClusterInfo) {
        Json cluster = {{"server", config.server}};
        const auto add = [&cluster](const char* key, const std::string& value) {
            if (!value.empty()) {
                cluster[key] = value;
            }
        };
        add("tls-server-name", config.tlsServerName);
        add("proxy-url", config.proxy);
        add("certificate-authority-data", encodeBase64(caPem));
        info["spec"]["cluster"] = std::move(cluster);
    }
    return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ExecAnswer> parseExecCredential(std::string_view text, const std::string& apiVersion) {
    // Neither parsing nor freeing recurses, so that only the length has to be bounded.
    const Json answer = Json::parse(text, nullptr, false);
    if (!answer.is_object()) {
        return fail(0, "must print an ExecCredential as JSON, and printed " +
                           std::string(text.empty() ? "nothing" : "something else"));
    }
    if (at(answer, "kind") != "ExecCredential") {
        return fail(0, "kind must be ExecCredential");
    }
    if (at(answer, "apiVersion") != apiVersion) {
        return fail(0, "apiVersion must be " + apiVersion + " as in the kubeconfig");
    }
    if (!at(answer, "status").is_object()) {
        return fail(0, "status is missing");
    }
    return readStatus(at(answer, "status"));
}

} // namespace plimsoll::kube
