// SPDX-License-Identifier: Apache-2.0
// One identity at the API server, asked one question at a time through the daemon's own Connection.
#pragma once

#include "kube/api/connection.hpp"
#include "kube/api/status.hpp"
#include "kube/credentials/credentials.hpp"
#include "tests/integration/http/loop.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace plimsoll::conformance {

using Json = nlohmann::json;
using plimsoll::test::Loop;

/// What came back; `status` 0 and a sentence in `problem`: nothing did.
struct Reply {
    int status = 0;
    Json body; ///< null: no JSON
    kube::ApiStatus words;
    std::string problem;

    [[nodiscard]] bool isSuccess() const { return status / 100 == 2; }
    /// For people: what is wrong with it.
    [[nodiscard]] std::string text() const;
};

class Client {
public:
    Client(Loop& loop, const std::string& kubeconfig);

    Reply get(const std::string& path);
    Reply create(const std::string& path, const Json& object);
    /// "application/strategic-merge-patch+json" unless `type` says other.
    Reply patch(const std::string& path, const Json& change,
                const std::string& type = "application/strategic-merge-patch+json");
    Reply remove(const std::string& path);
    Reply ask(kube::ApiRequest request, kube::Api::Receive receive = nullptr);

    Result<std::shared_ptr<const kube::Access>> access();
    [[nodiscard]] kube::Api& api() { return connection_; }
    [[nodiscard]] const kube::ApiHealth& health() const { return connection_.health(); }

private:
    Loop* loop_;
    kube::Credentials credentials_;
    kube::Connection connection_;
};

} // namespace plimsoll::conformance
