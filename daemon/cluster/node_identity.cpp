// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/node_identity.hpp"

#include <cerrno>
#include <utility>

namespace plimsoll {
namespace {

constexpr int kMostSilences = 3;

} // namespace

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
            auto name = kube::nodeNameOf(kube::Access{.user = user.value_or("")});
            if (!name.empty()) {
                done(std::move(name));
            } else if (user || isSilent()) {
                done(names_.fallback);
            } else {
                done(fail(EAGAIN, "the API server does not say whose these credentials are; name "
                                  "the Node in [node] of plimsolld.toml, or wait"));
            }
        });
}

/// A server older than 1.28 never says it. One that has just started refuses for a moment.
bool NodeIdentity::isSilent() {
    const bool isReached = connection_.health().state == kube::ApiHealth::State::reachable;
    silences_ = isReached ? silences_ + 1 : 0;
    return silences_ >= kMostSilences;
}

} // namespace plimsoll
