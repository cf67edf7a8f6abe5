// SPDX-License-Identifier: Apache-2.0
// Certificates and keys as PEM; libcrypto stays inside. Errors never quote what was read.
#pragma once

#include "kube/credentials/access.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// What one text holds, each kind by itself and in its order; empty where there is none.
struct PemParts {
    std::string certificates;
    std::string key; ///< the first one
};
PemParts splitPem(std::string_view text);

struct ClientIdentity {
    std::string commonName; ///< empty: none that can be shown
    WallTime notBefore;
    WallTime notAfter;
};
/// Of the leaf, which is the first certificate. An error is what to say after the name of the file:
/// a certificate that is none, or a key that is not its own.
std::expected<ClientIdentity, std::string> identityOf(const std::string& certificates,
                                                      const std::string& key);

/// "2026-11-25T09:00:00Z".
std::string shownTime(WallTime time);

} // namespace plimsoll::kube
