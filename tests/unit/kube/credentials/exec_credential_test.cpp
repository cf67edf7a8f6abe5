// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/exec_credential.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;
const std::string kV1 = "client.authentication.k8s.io/v1";

std::string answerWith(const std::string& status) {
    return R"({"kind":"ExecCredential","apiVersion":")" + kV1 + R"(","status":)" + status + "}";
}

struct Wrong {
    const char* name;
    std::string text;
    std::string error;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
    *out << wrong.name;
}
class RefusedAnswer : public testing::TestWithParam<Wrong> {};

TEST_P(RefusedAnswer, says_why_and_does_not_quote_it) {
    const auto answer = parseExecCredential(GetParam().text, kV1);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().what, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, RefusedAnswer,
    testing::Values(
        Wrong{"empty", "", "must print an ExecCredential as JSON, and printed nothing"},
        Wrong{"garbage", "secret",
              "must print an ExecCredential as JSON, and printed something else"},
        Wrong{"list", "[]", "must print an ExecCredential as JSON, and printed something else"},
        Wrong{"cut", R"({"kind":)",
              "must print an ExecCredential as JSON, and printed something else"},
        Wrong{"deep", std::string(100'000, '['),
              "must print an ExecCredential as JSON, and printed something else"},
        Wrong{"kind", R"({"kind":"Pod"})", "kind must be ExecCredential"},
        Wrong{"version",
              R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})",
              "apiVersion must be client.authentication.k8s.io/v1 as in the kubeconfig"},
        Wrong{"no_status", answerWith("null"), "status is missing"},
        Wrong{"nothing", answerWith("{}"),
              "status must have a token, or clientCertificateData and clientKeyData"},
        Wrong{"half", answerWith(R"({"clientKeyData":"secret"})"),
              "status must have both clientCertificateData and clientKeyData, or neither"},
        Wrong{"number", answerWith(R"({"token":7})"), "status.token must be a string"},
        Wrong{"two_lines", answerWith(R"({"token":"a\nb"})"), "status.token must be one word"},
        Wrong{"time", answerWith(R"({"token":"a","expirationTimestamp":"soon"})"),
              "status.expirationTimestamp must be like 2026-01-01T00:00:00Z"}),
    [](const auto& about) { return std::string(about.param.name); });

TEST(ExecCredential, gives_token_and_expiry) {
    const auto answer = parseExecCredential(
        answerWith(R"({"token":"k8s-aws-v1.x","expirationTimestamp":"1970-01-01T00:01:00Z"})"),
        kV1);
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->token, "k8s-aws-v1.x");
    EXPECT_EQ(answer->expires, WallTime(std::chrono::seconds(60)));
}

TEST(ExecInfo, tells_of_the_cluster_only_who_asks_for_it) {
    const Kubeconfig config{
        .server = "https://h:1", .tlsServerName = "name", .proxy = "http://proxy:1"};
    const auto plain = Json::parse(execInfo({.apiVersion = kV1}, config, "CA"));
    EXPECT_EQ(plain, Json::parse(R"({"kind":"ExecCredential","spec":{"interactive":false},
        "apiVersion":"client.authentication.k8s.io/v1"})"));
    const auto full =
        Json::parse(execInfo({.apiVersion = kV1, .provideClusterInfo = true}, config, "CA"));
    EXPECT_EQ(full["spec"]["cluster"],
              Json::parse(R"({"server":"https://h:1","tls-server-name":"name",
        "proxy-url":"http://proxy:1","certificate-authority-data":"Q0E="})"));
}

} // namespace
} // namespace plimsoll::kube
