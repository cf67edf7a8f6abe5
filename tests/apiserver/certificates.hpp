// SPDX-License-Identifier: Apache-2.0
// A certificate authority and what it signs, as kubeadm and the controller manager make them.
#pragma once

#include <chrono>
#include <openssl/types.h>
#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

struct Pem {
    std::string certificate;
    std::string key; ///< "EC PRIVATE KEY", P-256
};

class Authority {
public:
    explicit Authority(const std::string& name);
    /// One that was written to a folder before.
    explicit Authority(Pem pem) : pem_(std::move(pem)) {}

    [[nodiscard]] const Pem& pem() const { return pem_; }
    /// `names`: "IP:127.0.0.1", "DNS:localhost".
    [[nodiscard]] Pem server(const std::vector<std::string>& names) const;
    /// A lifetime below zero has expired already. An organization is a group; empty: none.
    [[nodiscard]] Pem client(const std::string& commonName, const std::string& organization,
                             std::chrono::seconds lifetime) const;

private:
    Pem pem_;
};

} // namespace plimsoll::test::apiserver
