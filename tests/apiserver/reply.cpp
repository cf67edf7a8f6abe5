// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/reply.hpp"

#include <fmt/core.h>

namespace plimsoll::test::apiserver {

Reply success(const Json& object, int status) {
    return Reply{.status = status, .body = object.dump()};
}

Reply plainText(int status, std::string text) {
    return Reply{
        .status = status, .body = std::move(text), .contentType = "text/plain; charset=utf-8"};
}

Reply failure(int code, const std::string& reason, const std::string& message, Json details) {
    Json body = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", message}, {"code", code}};
    if (!reason.empty())
        body["reason"] = reason;
    if (!details.is_null())
        body["details"] = std::move(details);
    return Reply{.status = code, .body = body.dump()};
}

Json invalidCause(const std::string& field, const std::string& causeReason,
                  const std::string& message) {
    return {{"reason", causeReason}, {"message", message}, {"field", field}};
}

Reply invalidField(const std::string& kind, const std::string& name, const std::string& field,
                   const std::string& causeReason, const std::string& message) {
    Json details = {{"kind", kind}, {"causes", {invalidCause(field, causeReason, message)}}};
    if (!name.empty())
        details["name"] = name;
    return failure(422, "Invalid",
                   fmt::format("{} \"{}\" is invalid: {}: {}", kind, name, field, message),
                   std::move(details));
}

} // namespace plimsoll::test::apiserver
