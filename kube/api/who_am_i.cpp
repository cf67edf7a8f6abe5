// SPDX-License-Identifier: Apache-2.0
#include "kube/api/who_am_i.hpp"

#include "kube/api/bounded_json.hpp"

#include <utility>

namespace plimsoll::kube {
namespace {

std::optional<std::string> userOf(const Result<http::Answer>& answer) {
    if (!answer || answer->status / 100 != 2) {
        return std::nullopt;
    }
    const auto review = boundedJson(answer->body);
    if (!review) {
        return std::nullopt;
    }
    auto name = stringAt(objectAt(objectAt(*review, "status"), "userInfo"), "username");
    return name.empty() ? std::nullopt : std::optional(std::move(name));
}

} // namespace

http::Call whoAmI(Api& api, std::function<void(std::optional<std::string> userName)> known) {
    ApiRequest request;
    request.method = http::Method::post;
    request.path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    request.contentType = "application/json";
    request.body = R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})";
    return api.send(
        std::move(request),
        [known = std::move(known)](const Result<http::Answer>& answer) { known(userOf(answer)); });
}

} // namespace plimsoll::kube
