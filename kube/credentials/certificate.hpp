// SPDX-License-Identifier: Apache-2.0
// Certificates and keys in PEM, as far as a client has to look into its own.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"

#include <string>
#include <string_view>

namespace plimsoll::kube {

struct ClientCertificate {
    std::string pem; ///< the leaf, then intermediates; nothing else of the file
    std::string keyPem;
    std::string user; ///< CN
    WallTime notBefore;
    WallTime notAfter;
};

/// Certificate and key may stand in one text, given twice, as kubelet writes them. `where` begins
/// every error. A key of another certificate is EAGAIN: somebody may be replacing the two.
Result<ClientCertificate> readClientCertificate(std::string_view certificate, std::string_view key,
                                                const std::string& where);

/// How many certificates stand in it; none where one of them cannot be read.
std::size_t countCertificates(std::string_view pem);

/// "2026-11-25T10:00:00Z".
std::string formatTime(WallTime time);

} // namespace plimsoll::kube
