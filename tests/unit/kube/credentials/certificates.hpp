// SPDX-License-Identifier: Apache-2.0
// Certificates made for a test.
#pragma once

#include "kube/credentials/access.hpp"

#include <memory>
#include <string>

namespace plimsoll::test {

enum class KeyKind { ec, ecPkcs8, rsa };

struct Pair {
    std::string certificate; ///< PEM
    std::string key;
};

/// Signs itself.
class TestAuthority {
public:
    explicit TestAuthority(const std::string& name);
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    [[nodiscard]] std::string pem() const;
    [[nodiscard]] Pair issue(const std::string& commonName, kube::WallTime from,
                             kube::WallTime until, KeyKind kind = KeyKind::ec) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The key that is given, with a passphrase.
std::string encryptedKey(const std::string& key);

} // namespace plimsoll::test
