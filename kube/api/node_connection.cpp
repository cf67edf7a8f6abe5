// SPDX-License-Identifier: Apache-2.0
// A Connection as the daemon has it: libcurl and the node's credentials.
#include "kube/api/connection.hpp"
#include "kube/api/ports.hpp"

#include <utility>

namespace plimsoll::kube {
namespace {

ApiPorts nodePorts(sd_event* event, Credentials& credentials) {
    const auto client = std::make_shared<http::Client>(event, kMostAtOnce);
    return {.credentials =
                [&credentials](Credentials::Ready ready) { credentials.get(std::move(ready)); },
            .refused = [&credentials] { credentials.refused(); },
            .start =
                [client](http::Request request, Api::Receive receive, Api::Done done) {
                    return client->start(std::move(request), std::move(receive), std::move(done));
                }};
}

} // namespace

Connection::Connection(sd_event* event, Credentials& credentials)
    : Connection(event, nodePorts(event, credentials)) {}

} // namespace plimsoll::kube
