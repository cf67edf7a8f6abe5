// SPDX-License-Identifier: Apache-2.0
// What an answer of the API server that is no success says. Pure.
#pragma once

#include "kube/http/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

/// metav1.Status, or what stands in its place: flow control and unknown paths answer in plain text.
struct ApiStatus {
    struct Cause {
        std::string reason; ///< "DisruptionBudget", "ResourceVersionTooLarge"
        std::string message;
        std::string field;
    };

    int code = 0;        ///< HTTP
    std::string reason;  ///< "Forbidden", "Expired"; empty where the body is no Status
    std::string message; ///< one line, shortened: the server's may hold a whole object
    std::vector<Cause> causes;
    /// Of the header, else details.retryAfterSeconds.
    std::optional<std::chrono::seconds> retryAfter;
    std::string continueToken; ///< metadata.continue of a 410, for an inconsistent rest

    [[nodiscard]] bool isSuccess() const { return code / 100 == 2; }
    [[nodiscard]] bool hasCause(std::string_view wanted) const;
    /// "403 Forbidden: nodes "x" is forbidden: …", for people.
    [[nodiscard]] std::string text() const;
};

/// Of any body, also none and hostile ones.
ApiStatus readStatus(const http::Answer& answer);
/// Of the object in an ERROR event of a watch.
ApiStatus readStatus(std::string_view statusJson);

} // namespace plimsoll::kube
