// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/certificates.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace plimsoll::test::apiserver {

namespace {

template <auto Free>
struct Freed {
    void operator()(auto* pointer) const { Free(pointer); }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

void require(bool isRight) {
    if (!isRight)
        throw std::runtime_error(std::string("certificates: ") +
                                 ERR_error_string(ERR_get_error(), nullptr));
}

std::string textOf(const Memory& memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return {data, std::size_t(size)};
}

Memory memoryOf(const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), int(text.size())));
}

std::string pemOf(const Certificate& certificate) {
    const Memory memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(memory.get(), certificate.get()) == 1);
    return textOf(memory);
}

std::string pemOf(const PrivateKey& key) {
    const Memory memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_PrivateKey_traditional(memory.get(), key.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr) == 1);
    return textOf(memory);
}

struct Wish {
    std::string commonName;
    std::string organization;
    std::chrono::seconds lifetime;
    std::vector<std::pair<int, std::string>> extensions;
};

void setName(X509* certificate, const Wish& wish) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto add = [&](const char* field, const std::string& value) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
        require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, int(value.size()), -1,
                                           0) == 1);
    };
    if (!wish.organization.empty())
        add("O", wish.organization);
    add("CN", wish.commonName);
}

void setTimes(X509* certificate, std::chrono::seconds lifetime) {
    // Ten minutes back, for guests whose clock is a little behind.
    const long begin = lifetime.count() < 0 ? long(lifetime.count()) - 3600 : -600;
    require(X509_gmtime_adj(X509_getm_notBefore(certificate), begin) != nullptr);
    require(X509_gmtime_adj(X509_getm_notAfter(certificate), long(lifetime.count())) != nullptr);
}

void setSerial(X509* certificate) {
    unsigned int serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1);
}

/// Signed by itself where no issuer is given.
Pem signedPem(const Wish& wish, const Pem* issuer) {
    const PrivateKey key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    require(key && certificate);
    require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    setSerial(certificate.get());
    setTimes(certificate.get(), wish.lifetime);
    setName(certificate.get(), wish);
    require(X509_set_pubkey(certificate.get(), key.get()) == 1);

    Certificate above;
    PrivateKey signer;
    if (issuer != nullptr) {
        above.reset(
            PEM_read_bio_X509(memoryOf(issuer->certificate).get(), nullptr, nullptr, nullptr));
        signer.reset(
            PEM_read_bio_PrivateKey(memoryOf(issuer->key).get(), nullptr, nullptr, nullptr));
        require(above && signer);
    }
    X509* parent = above ? above.get() : certificate.get();
    require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(parent)) == 1);
    X509V3_CTX context;
    X509V3_set_ctx(&context, parent, certificate.get(), nullptr, nullptr, 0);
    for (const auto& [nid, value] : wish.extensions) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        require(extension != nullptr);
        const int added = X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
        require(added == 1);
    }
    require(X509_sign(certificate.get(), signer ? signer.get() : key.get(), EVP_sha256()) > 0);
    return {.certificate = pemOf(certificate), .key = pemOf(key)};
}

constexpr std::chrono::days kLong{3650};

} // namespace

Authority::Authority(const std::string& name)
    : pem_(signedPem({.commonName = name,
                      .organization = "",
                      .lifetime = kLong,
                      .extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                                     {NID_key_usage, "critical,keyCertSign,digitalSignature"},
                                     {NID_subject_key_identifier, "hash"}}},
                     nullptr)) {}

Pem Authority::server(const std::vector<std::string>& names) const {
    std::string all;
    for (const std::string& name : names)
        all += (all.empty() ? "" : ",") + name;
    return signedPem({.commonName = "kube-apiserver",
                      .organization = "",
                      .lifetime = kLong,
                      .extensions = {{NID_key_usage, "critical,digitalSignature"},
                                     {NID_ext_key_usage, "serverAuth"},
                                     {NID_subject_alt_name, all}}},
                     &pem_);
}

Pem Authority::client(const std::string& commonName, const std::string& organization,
                      std::chrono::seconds lifetime) const {
    return signedPem({.commonName = commonName,
                      .organization = organization,
                      .lifetime = lifetime,
                      .extensions = {{NID_key_usage, "critical,digitalSignature"},
                                     {NID_ext_key_usage, "clientAuth"}}},
                     &pem_);
}

} // namespace plimsoll::test::apiserver
