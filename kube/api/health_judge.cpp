// SPDX-License-Identifier: Apache-2.0
#include "kube/api/health_judge.hpp"

#include "kube/api/status.hpp"

#include <cerrno>

namespace plimsoll::kube {
namespace {

/// Such as an eviction of a pod with two disruption budgets: for that object alone, and for good.
bool isAboutTheRequest(http::Method method, int status) {
    return status < 500 || (status == 500 && method != http::Method::get);
}

} // namespace

void HealthJudge::noCredentials(const Error& error) {
    health_.state =
        error.code == ENOENT ? ApiHealth::State::noCluster : ApiHealth::State::unreachable;
    health_.problem = error.what;
}

void HealthJudge::noServer(const std::string& server, const Error& error) {
    health_.state = ApiHealth::State::unreachable;
    health_.problem = error.what;
    health_.server = server;
}

void HealthJudge::answered(const Access& access, const std::string& server, http::Method method,
                           const http::Answer& answer) {
    constexpr int kUnauthorized = 401;
    if (answer.status == kUnauthorized) {
        health_.state = ApiHealth::State::unreachable;
        health_.problem = server + " does not accept the credentials of " + access.origin + ": " +
                          readStatus(answer).text();
        health_.server = server;
    } else if (isAboutTheRequest(method, answer.status)) {
        reachable(access, server);
    } else {
        health_.state = ApiHealth::State::unreachable;
        health_.problem = server + " answered " + readStatus(answer).text();
        health_.server = server;
    }
}

/// A stream may go on from a server that takes no new requests any more: it does not say which
/// server is in use.
void HealthJudge::streams(const Access& access, const std::string& server) {
    if (health_.state != ApiHealth::State::reachable) {
        reachable(access, server);
    }
}

void HealthJudge::reachable(const Access& access, const std::string& server) {
    health_ = {.state = ApiHealth::State::reachable, .server = server, .user = access.user};
}

bool HealthJudge::hasNews() const {
    if (health_.state != told_.state) {
        return true;
    }
    return health_.state == ApiHealth::State::reachable &&
           (health_.server != told_.server || health_.user != told_.user);
}

} // namespace plimsoll::kube
