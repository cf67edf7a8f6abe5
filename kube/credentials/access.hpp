// SPDX-License-Identifier: Apache-2.0
// What is needed to speak to the API server, as it was at one moment.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::kube {

using WallTime = std::chrono::sys_seconds;

struct Access {
    std::vector<std::string>
        servers; ///< "https://host:port[/prefix]", without a '/' at the end; at least one
    std::string tlsServerName;        ///< empty: the server's host
    std::string proxy;                ///< empty: none
    std::string caPem;                ///< empty: the system's certificates
    std::string clientCertificatePem; ///< empty: none
    std::string clientKeyPem;
    std::string bearerToken; ///< empty: none. Not sent beside a certificate, which would win anyway
    std::string user;        ///< CN of the certificate; empty: not known
    /// Of the certificate or of what the plugin gave.
    std::optional<WallTime> expires;
    std::string origin; ///< the kubeconfig, for messages
    friend bool operator==(const Access&, const Access&) = default;
};

/// "system:node:NAME" → NAME; empty for any other user.
std::string nodeNameOf(const Access& access);

} // namespace plimsoll::kube
