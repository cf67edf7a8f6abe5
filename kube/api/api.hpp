// SPDX-License-Identifier: Apache-2.0
// What the API server is asked, whichever server and credentials that takes.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/client.hpp"
#include "kube/http/request.hpp"

#include <chrono>
#include <string>

namespace plimsoll::kube {

struct ApiRequest {
    http::Method method = http::Method::get;
    std::string path; ///< with query: "/api/v1/pods?limit=50"
    std::string contentType;
    std::string body;
    /// Below the 34 s and 60 s after which a server whose etcd hangs gives up. 0: a watch, which
    /// ends when the server ends it.
    std::chrono::milliseconds timeout{15'000};
};

/// Everything in kube/ that talks to the API server does it through this.
class Api {
public:
    virtual ~Api() = default;

    using Receive = http::Client::Receive;
    /// Any status is an answer, 401 after new credentials did not help either; an error means that
    /// there is none, and the request may or may not have been carried out.
    using Done = http::Client::Done;

    /// As http::Client::start(): `done` is called once, later, from the loop. A Receive that was
    /// given gets the body of a 2xx answer. Without credentials the call ends with an error that
    /// says what is missing.
    [[nodiscard]] virtual http::Call send(ApiRequest request, Receive receive, Done done) = 0;
    [[nodiscard]] http::Call send(ApiRequest request, Done done) {
        return send(std::move(request), nullptr, std::move(done));
    }
};

} // namespace plimsoll::kube
