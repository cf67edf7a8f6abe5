// SPDX-License-Identifier: Apache-2.0
// Credentials and HTTP of a Connection, whose answers a test gives one by one.
#pragma once

#include "kube/api/ports.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace plimsoll::kube::test {

inline Access accessTo(std::vector<std::string> servers) {
    Access access;
    access.servers = std::move(servers);
    access.bearerToken = "token-1";
    access.user = "system:node:node-a";
    access.origin = "/etc/kubernetes/kubelet.conf";
    return access;
}

class ScriptedPorts {
public:
    struct Sent {
        http::Request request;
        Api::Receive receive;
        Api::Done done;
        bool cancelled = false;
    };

    /// Must live longer than who uses it.
    ApiPorts ports() {
        return {.credentials =
                    [this](Credentials::Ready ready) {
                        timesAsked++;
                        if (access) {
                            ready(access);
                        } else {
                            asking.push_back(std::move(ready));
                        }
                    },
                .refused = [this] { timesRefused++; },
                .start =
                    [this](http::Request request, Api::Receive receive, Api::Done done) {
                        auto one = std::make_shared<Sent>(
                            Sent{std::move(request), std::move(receive), std::move(done)});
                        sent.push_back(one);
                        return http::Call([one] { one->cancelled = true; });
                    }};
    }

    void answer(std::size_t number, int status, std::string body = {}) {
        sent.at(number)->done(http::Answer{.status = status, .body = std::move(body)});
    }
    void failWith(std::size_t number, int code) {
        sent.at(number)->done(fail(code, "GET " + sent.at(number)->request.url + ": failed"));
    }
    std::string url(std::size_t number) const { return sent.at(number)->request.url; }

    /// Given at once; none: who asks is kept.
    std::shared_ptr<const Access> access =
        std::make_shared<const Access>(accessTo({"https://one:6443"}));
    std::deque<Credentials::Ready> asking;
    std::deque<std::shared_ptr<Sent>> sent;
    int timesAsked = 0;
    int timesRefused = 0;
};

} // namespace plimsoll::kube::test
