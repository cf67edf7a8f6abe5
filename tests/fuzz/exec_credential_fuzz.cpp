// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/exec_credential.hpp"
#include "kube/credentials/material.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

namespace plimsoll::fuzz {

void fuzzExecCredential(std::string_view text) {
    const auto answer = kube::parseExecCredential(text, "client.authentication.k8s.io/v1");
    if (!answer) {
        require(!answer.error().what.empty(), "a refusal says why");
        return;
    }
    require(!answer->token.empty() || !answer->key.empty(), "it gives something");
    require(answer->token.find('\n') == std::string::npos, "a token is one line");
    require(answer->certificates.empty() == answer->key.empty(), "a certificate has a key");
    const auto access = kube::withAnswer({}, *answer, kube::WallTime{});
    require(!access || !access->expires || *access->expires > kube::WallTime{},
            "what is used has not expired");
}

} // namespace plimsoll::fuzz
