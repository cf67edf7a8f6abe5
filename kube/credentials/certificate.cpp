// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/certificate.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <limits>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <optional>
#include <vector>

namespace plimsoll::kube {
namespace {

struct Release {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Release>;
using Certificate = std::unique_ptr<X509, Release>;
using Key = std::unique_ptr<EVP_PKEY, Release>;

/// What is left in OpenSSL's queue would be taken for somebody else's error.
struct ClearErrors {
    ~ClearErrors() { ERR_clear_error(); }
};

Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// A longer text is no PEM that anybody means.
bool isTooLong(std::string_view text) {
    return text.size() > std::size_t{1024} * 1024;
}

/// None where one of them is damaged. Keys in between are passed over.
std::optional<std::vector<Certificate>> readChain(std::string_view pem) {
    std::vector<Certificate> chain;
    const auto bio = isTooLong(pem) ? nullptr : reading(pem);
    if (!bio) {
        return std::nullopt;
    }
    while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        chain.emplace_back(next);
    }
    const auto error = ERR_peek_last_error();
    const bool isEnd =
        ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    return isEnd ? std::optional(std::move(chain)) : std::nullopt;
}

/// A key with a passphrase would be asked for on the terminal.
int noPassphrase(char*, int, int, void*) {
    return -1;
}

Key readKey(std::string_view pem) {
    const auto bio = isTooLong(pem) ? nullptr : reading(pem);
    return Key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassphrase, nullptr) : nullptr);
}

std::optional<WallTime> timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string commonName(const X509* certificate) {
    std::array<char, 256> name{};
    const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                                 name.data(), name.size());
    return length < 0 ? "" : std::string(name.data(), static_cast<std::size_t>(length));
}

std::string toPem(const std::vector<Certificate>& chain) {
    const Bio bio(BIO_new(BIO_s_mem()));
    for (const auto& certificate : chain) {
        PEM_write_bio_X509(bio.get(), certificate.get());
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

/// Without a passphrase, whatever the form in which it came.
std::string toPem(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

} // namespace

Result<ClientCertificate> readClientCertificate(std::string_view certificate, std::string_view key,
                                                const std::string& where) {
    const ClearErrors clear;
    const auto chain = readChain(certificate);
    if (!chain || chain->empty()) {
        return fail(EINVAL, where + ": is no certificate in PEM");
    }
    const auto& leaf = chain->front();
    const auto notBefore = timeOf(X509_get0_notBefore(leaf.get()));
    const auto notAfter = timeOf(X509_get0_notAfter(leaf.get()));
    if (!notBefore || !notAfter) {
        return fail(EINVAL, where + ": the certificate's dates cannot be read");
    }
    const auto secret = readKey(key);
    if (!secret) {
        return fail(EINVAL, where + ": the key is none in PEM, or it has a passphrase");
    }
    if (X509_check_private_key(leaf.get(), secret.get()) != 1) {
        return fail(EAGAIN, where + ": the key is not the certificate's");
    }
    return ClientCertificate{.pem = toPem(*chain),
                             .keyPem = toPem(secret.get()),
                             .user = commonName(leaf.get()),
                             .notBefore = *notBefore,
                             .notAfter = *notAfter};
}

std::size_t countCertificates(std::string_view pem) {
    const ClearErrors clear;
    const auto chain = readChain(pem);
    return chain ? chain->size() : 0;
}

std::string formatTime(WallTime time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&seconds, &parts);
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

} // namespace plimsoll::kube
