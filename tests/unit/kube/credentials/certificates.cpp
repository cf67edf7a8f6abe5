// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kube/credentials/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdexcept>

namespace plimsoll::test {
namespace {

struct Release {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

template <class Write>
std::string written(Write write) {
    const Owned<BIO> out(BIO_new(BIO_s_mem()));
    if (write(out.get()) != 1) {
        throw std::runtime_error("libcrypto cannot write");
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string keyText(EVP_PKEY* key, bool pkcs8) {
    return written([&](BIO* out) {
        return pkcs8 ? PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr)
                     : PEM_write_bio_PrivateKey_traditional(out, key, nullptr, nullptr, 0, nullptr,
                                                            nullptr);
    });
}

Owned<EVP_PKEY> newKey(KeyKind kind) {
    return Owned<EVP_PKEY>(kind == KeyKind::rsa ? EVP_RSA_gen(2048U) : EVP_EC_gen("P-256"));
}

Owned<X509> newCertificate(const std::string& name, kube::WallTime from, kube::WallTime until,
                           EVP_PKEY* key) {
    Owned<X509> made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 4711);
    ASN1_TIME_set(X509_getm_notBefore(made.get()), from.time_since_epoch().count());
    ASN1_TIME_set(X509_getm_notAfter(made.get()), until.time_since_epoch().count());
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    return made;
}

std::string certificateText(X509* certificate) {
    return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

} // namespace

struct TestAuthority::Impl {
    Owned<EVP_PKEY> key = newKey(KeyKind::ec);
    Owned<X509> certificate;
};

TestAuthority::TestAuthority(const std::string& name) : impl_(std::make_unique<Impl>()) {
    using namespace std::chrono;
    impl_->certificate =
        newCertificate(name, kube::WallTime(0s), kube::WallTime(4'000'000'000s), impl_->key.get());
    X509_set_issuer_name(impl_->certificate.get(), X509_get_subject_name(impl_->certificate.get()));
    X509_sign(impl_->certificate.get(), impl_->key.get(), EVP_sha256());
}

TestAuthority::~TestAuthority() = default;

std::string TestAuthority::pem() const {
    return certificateText(impl_->certificate.get());
}

Pair TestAuthority::issue(const std::string& commonName, kube::WallTime from, kube::WallTime until,
                          KeyKind kind) const {
    const auto key = newKey(kind);
    const auto made = newCertificate(commonName, from, until, key.get());
    X509_set_issuer_name(made.get(), X509_get_subject_name(impl_->certificate.get()));
    X509_sign(made.get(), impl_->key.get(), EVP_sha256());
    return {certificateText(made.get()), keyText(key.get(), kind == KeyKind::ecPkcs8)};
}

std::string encryptedKey(const std::string& key) {
    const Owned<BIO> in(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    const Owned<EVP_PKEY> read(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    return written([&](BIO* out) {
        const unsigned char secret[] = "secret";
        return PEM_write_bio_PrivateKey(out, read.get(), EVP_aes_128_cbc(), secret, 6, nullptr,
                                        nullptr);
    });
}

} // namespace plimsoll::test
