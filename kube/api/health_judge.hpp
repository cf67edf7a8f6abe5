// SPDX-License-Identifier: Apache-2.0
// What requests say about the API server. Pure.
#pragma once

#include "kube/api/connection.hpp"

#include <string>

namespace plimsoll::kube {

class HealthJudge {
public:
    void noCredentials(const Error& error);
    /// No server answers; `error` is of the last one.
    void noServer(const std::string& server, const Error& error);
    void answered(const Access& access, const std::string& server, http::Method method,
                  const http::Answer& answer);
    /// A stream brings something.
    void streams(const Access& access, const std::string& server);

    [[nodiscard]] const ApiHealth& health() const { return health_; }
    /// It is another state, another server that answers or another user than when it was last
    /// told. Another problem alone is no news.
    [[nodiscard]] bool hasNews() const;
    void told() { told_ = health_; }

private:
    void reachable(const Access& access, const std::string& server);

    ApiHealth health_;
    ApiHealth told_;
};

} // namespace plimsoll::kube
