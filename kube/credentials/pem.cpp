// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/pem.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <optional>

namespace plimsoll::kube {
namespace {

/// More than any chain or bundle has.
constexpr int kMostBlocks = 2'000;

struct Release {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(char* text) const { OPENSSL_free(text); }
    void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

/// libcrypto keeps what went wrong for the next who asks, which would be libcurl.
struct QuietErrors {
    QuietErrors() = default;
    ~QuietErrors() { ERR_clear_error(); }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
};

Owned<BIO> readerOf(std::string_view text) {
    return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string blockText(const char* name, const char* header, const unsigned char* data,
                      long length) {
    const Owned<BIO> out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio(out.get(), name, header, data, length) <= 0) {
        return {};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// Without this libcrypto asks for the passphrase on the terminal.
int noPassphrase(char*, int, int, void*) {
    return -1;
}

std::optional<WallTime> timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string commonNameOf(X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const auto* entry = at < 0 ? nullptr : X509_NAME_get_entry(subject, at);
    unsigned char* text = nullptr;
    const int length =
        entry == nullptr ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    const Owned<unsigned char> owned(text);
    if (length < 0) {
        return {};
    }
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
    const bool odd = std::ranges::any_of(
        name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
    return odd ? std::string() : name;
}

bool isCertificate(std::string_view name) {
    return name == "CERTIFICATE" || name == "X509 CERTIFICATE" || name == "TRUSTED CERTIFICATE";
}

} // namespace

PemParts splitPem(std::string_view text) {
    const QuietErrors quiet;
    const auto in = readerOf(text);
    PemParts parts;
    for (int count = 0; in && count < kMostBlocks; ++count) {
        char* name = nullptr;
        char* header = nullptr;
        unsigned char* data = nullptr;
        long length = 0;
        if (PEM_read_bio(in.get(), &name, &header, &data, &length) != 1) {
            break;
        }
        const Owned<char> ownName(name);
        const Owned<char> ownHeader(header);
        const Owned<unsigned char> ownData(data);
        if (isCertificate(name)) {
            parts.certificates += blockText(name, header, data, length);
        } else if (std::string_view(name).ends_with("PRIVATE KEY") && parts.key.empty()) {
            parts.key = blockText(name, header, data, length);
        }
    }
    return parts;
}

std::expected<ClientIdentity, std::string> identityOf(const std::string& certificates,
                                                      const std::string& key) {
    const QuietErrors quiet;
    const auto certificateReader = readerOf(certificates);
    const Owned<X509> leaf(
        PEM_read_bio_X509(certificateReader.get(), nullptr, &noPassphrase, nullptr));
    if (!leaf) {
        return std::unexpected("holds no certificate that can be read (PEM is needed)");
    }
    const auto keyReader = readerOf(key);
    const Owned<EVP_PKEY> own(
        PEM_read_bio_PrivateKey(keyReader.get(), nullptr, &noPassphrase, nullptr));
    if (!own) {
        return std::unexpected("has a key that cannot be read: PEM without a passphrase is needed");
    }
    if (X509_check_private_key(leaf.get(), own.get()) != 1) {
        return std::unexpected("has a key that belongs to another certificate");
    }
    const auto notBefore = timeOf(X509_get0_notBefore(leaf.get()));
    const auto notAfter = timeOf(X509_get0_notAfter(leaf.get()));
    if (!notBefore || !notAfter) {
        return std::unexpected("has a certificate without a readable validity");
    }
    return ClientIdentity{commonNameOf(leaf.get()), *notBefore, *notAfter};
}

std::string shownTime(WallTime time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    std::array<char, sizeof "9223372036854775807-01-01T00:00:00Z"> text{};
    if (::gmtime_r(&seconds, &parts) == nullptr) {
        return std::to_string(seconds);
    }
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

} // namespace plimsoll::kube
