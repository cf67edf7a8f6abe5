// SPDX-License-Identifier: Apache-2.0
// What the server answers: an object, or a metav1.Status as a real server words it.
#pragma once

#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace plimsoll::test::apiserver {

using Json = nlohmann::json;

struct Reply {
    int status = 200;
    std::string body;
    std::string contentType = "application/json";
    std::multimap<std::string, std::string> headers;
};

template <class T>
using Outcome = std::expected<T, Reply>;

Reply success(const Json& object, int status = 200);
Reply plainText(int status, std::string text);
/// Null `details` are left out.
Reply failure(int code, const std::string& reason, const std::string& message,
              Json details = nullptr);
/// One field that is wrong; `kind` is "Node".
Reply invalidField(const std::string& kind, const std::string& name, const std::string& field,
                   const std::string& causeReason, const std::string& message);
Json invalidCause(const std::string& field, const std::string& causeReason,
                  const std::string& message);

} // namespace plimsoll::test::apiserver
