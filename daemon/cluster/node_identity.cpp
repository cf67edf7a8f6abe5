// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/node_identity.hpp"

#include <utility>

namespace plimsoll {

void NodeIdentity::ask(Done done) {
    credentials_.get([this, done = std::move(done)](const auto& access) {
        if (!access) {
            done(std::unexpected(access.error()));
        } else if (!names_.given.empty()) {
            done(names_.given);
        } else if (auto name = kube::nodeNameOf(**access); !name.empty()) {
            done(std::move(name));
        } else {
            askServer(done); // a token does not say whose it is; the server does
        }
    });
}

void NodeIdentity::askServer(Done done) {
    call_ = kube::whoAmI(
        connection_, [this, done = std::move(done)](const std::optional<std::string>& user) {
            if (!user && connection_.health().state != kube::ApiHealth::State::reachable) {
                done(fail(ENOTCONN, connection_.health().problem));
                return;
            }
            auto name = kube::nodeNameOf(kube::Access{.user = user.value_or("")});
            done(name.empty() ? names_.fallback : std::move(name));
        });
}

} // namespace plimsoll
