// SPDX-License-Identifier: Apache-2.0
// Who a connection belongs to: its client certificate, else its bearer token, else nobody.
#include "tests/apiserver/frontend.hpp"

#include <array>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace plimsoll::test::apiserver {

namespace {

Reply unauthorized() {
    Reply reply = failure(401, "Unauthorized", "Unauthorized");
    return reply;
}

std::vector<std::string> entriesOf(X509* certificate, int nid) {
    std::vector<std::string> texts;
    X509_NAME* name = X509_get_subject_name(certificate);
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;) {
        const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        texts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           std::size_t(ASN1_STRING_length(text)));
    }
    return texts;
}

/// Verified anew for every request: an expiry is seen on a connection that was opened before it.
bool isTrusted(X509* certificate, STACK_OF(X509) * chain, X509_STORE* store) {
    X509_STORE_CTX* verification = X509_STORE_CTX_new();
    X509_STORE_CTX_init(verification, store, certificate, chain);
    X509_STORE_CTX_set_default(verification, "ssl_client");
    const bool isGood = X509_verify_cert(verification) == 1;
    X509_STORE_CTX_free(verification);
    return isGood;
}

Identity identityIn(X509* certificate) {
    Identity identity{.user = "", .groups = entriesOf(certificate, NID_organizationName)};
    const auto names = entriesOf(certificate, NID_commonName);
    if (!names.empty())
        identity.user = names.front();
    identity.groups.emplace_back("system:authenticated");
    return identity;
}

} // namespace

void Tokens::add(const std::string& token, Identity identity) {
    const std::scoped_lock lock(mutex_);
    identities_[token] = std::move(identity);
}

void Tokens::remove(const std::string& token) {
    const std::scoped_lock lock(mutex_);
    identities_.erase(token);
}

std::optional<Identity> Tokens::find(const std::string& token) const {
    const std::scoped_lock lock(mutex_);
    const auto found = identities_.find(token);
    return found == identities_.end() ? std::nullopt : std::optional(found->second);
}

Outcome<Identity> Frontend::identityOf(const httplib::Request& from) const {
    X509* certificate = SSL_get0_peer_certificate(from.ssl);
    if (certificate != nullptr) { // it wins over a token
        if (!isTrusted(certificate, SSL_get_peer_cert_chain(from.ssl), trusted_))
            return std::unexpected(unauthorized());
        return identityIn(certificate);
    }
    constexpr std::string_view kBearer = "Bearer ";
    const std::string header = from.get_header_value("Authorization");
    if (!header.starts_with(kBearer))
        return Identity{};
    auto identity = rooms_->tokens.find(header.substr(kBearer.size()));
    if (!identity)
        return std::unexpected(unauthorized());
    return *identity;
}

} // namespace plimsoll::test::apiserver
