// SPDX-License-Identifier: Apache-2.0
// The user behind a token, as the recorded servers tell it.
#include "exchanges.hpp"
#include "kube/api/who_am_i.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using Known = std::optional<std::string>;

/// Answers at once; who asks does not care.
class OneAnswer : public Api {
public:
    explicit OneAnswer(Result<http::Answer> answer) : answer_(std::move(answer)) {}
    using Api::send;
    http::Call send(ApiRequest request, Receive, Done done) override {
        asked = std::move(request);
        done(answer_);
        return {};
    }
    ApiRequest asked;

private:
    Result<http::Answer> answer_;
};

Known userOf(Result<http::Answer> answer) {
    OneAnswer api(std::move(answer));
    Known result = "was not called";
    const auto call = whoAmI(api, [&result](Known name) { result = std::move(name); });
    return result;
}

TEST(WhoAmI, is_the_user_of_the_review) {
    EXPECT_EQ(userOf(recorded("misc/015-selfsubjectreview")), "system:node:node-a");
    EXPECT_EQ(userOf(recorded("misc/091-bootstrap-token-whoami")), "system:bootstrap:abcdef");
}

TEST(WhoAmI, is_not_known_where_the_server_does_not_tell) {
    EXPECT_EQ(userOf(recorded("v1.20/062-selfsubjectreview")), std::nullopt);
    EXPECT_EQ(userOf(recorded("misc/008-discovery-missing-group")), std::nullopt);
    EXPECT_EQ(userOf(fail(0, "no connection")), std::nullopt);
    for (const std::string body :
         {"", "[]", "{}", R"({"status":7})", R"({"status":{"userInfo":{"username":""}}})",
          R"({"status":{"userInfo":{"username":{}}}})"}) {
        EXPECT_EQ(userOf(http::Answer{.status = 201, .body = body}), std::nullopt) << body;
    }
}

TEST(WhoAmI, asks_as_the_recorded_request_did) {
    OneAnswer api(http::Answer{.status = 403});
    const auto call = whoAmI(api, [](const Known&) {});
    EXPECT_EQ(api.asked.method, http::Method::post);
    EXPECT_EQ(api.asked.path, "/apis/authentication.k8s.io/v1/selfsubjectreviews");
    EXPECT_EQ(nlohmann::json::parse(api.asked.body).at("kind"), "SelfSubjectReview");
}

} // namespace
} // namespace plimsoll::kube
