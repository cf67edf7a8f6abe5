// SPDX-License-Identifier: Apache-2.0
#include "kube/api/wire_request.hpp"
#include "scripted_ports.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::MatchesRegex;
using testing::Not;
using testing::Pair;

TEST(WireRequest, names_us_and_asks_for_json) {
    const auto wire = wireRequest({.path = "/version"}, test::accessTo({"https://one:6443/k8s"}),
                                  "https://one:6443/k8s");
    EXPECT_EQ(wire.url, "https://one:6443/k8s/version");
    EXPECT_THAT(wire.headers, Contains(Pair("Accept", "application/json")));
    EXPECT_THAT(wire.headers, Contains(Pair("User-Agent", MatchesRegex("plimsolld/[0-9.]+"))));
    EXPECT_THAT(wire.headers, Not(Contains(Pair("Content-Type", testing::_))));
    EXPECT_TRUE(wire.anyStatus);
    EXPECT_TRUE(wire.http2);
    EXPECT_TRUE(wire.keepConnection);
    EXPECT_FALSE(wire.proxyFromEnvironment);
}

TEST(WireRequest, has_the_method_the_body_and_the_time_of_the_question) {
    const auto wire = wireRequest({.method = http::Method::patch,
                                   .path = "/x",
                                   .contentType = "application/merge-patch+json",
                                   .body = "{}",
                                   .timeout = 7s},
                                  test::accessTo({"https://one"}), "https://one");
    EXPECT_EQ(wire.method, http::Method::patch);
    EXPECT_EQ(wire.body, "{}");
    EXPECT_EQ(wire.timeout, 7s);
    EXPECT_THAT(wire.headers, Contains(Pair("Content-Type", "application/merge-patch+json")));
    EXPECT_EQ(wireRequest({.timeout = 0s}, test::accessTo({"https://one"}), "https://one").timeout,
              0s);
}

TEST(WireRequest, sends_the_token_only_where_there_is_no_certificate) {
    auto access = test::accessTo({"https://one"});
    const auto authorization = [&access] {
        for (const auto& [name, value] : wireRequest({}, access, "https://one").headers) {
            if (name == "Authorization") {
                return value;
            }
        }
        return std::string("none");
    };
    EXPECT_EQ(authorization(), "Bearer token-1");
    access.clientCertificatePem = "certificate";
    access.clientKeyPem = "key";
    EXPECT_EQ(authorization(), "none");
    const auto wire = wireRequest({}, access, "https://one");
    EXPECT_EQ(wire.clientCertificatePem, "certificate");
    EXPECT_EQ(wire.clientKeyPem, "key");
    access = {.servers = {"https://one"}};
    EXPECT_EQ(authorization(), "none");
}

TEST(WireRequest, reaches_the_server_as_the_credentials_say) {
    auto access = test::accessTo({"https://one"});
    access.caPem = "ca";
    access.tlsServerName = "kubernetes";
    access.proxy = "http://proxy:3128";
    const auto wire = wireRequest({}, access, "https://one");
    EXPECT_EQ(wire.caPem, "ca");
    EXPECT_EQ(wire.tlsServerName, "kubernetes");
    EXPECT_EQ(wire.proxy, "http://proxy:3128");
}

TEST(WireRequest, is_repeated_when_it_reads_or_when_nobody_was_there) {
    using http::Method;
    for (const int code : {0, ETIMEDOUT, ECONNRESET, ECONNREFUSED}) {
        EXPECT_TRUE(mayBeRepeated(Method::get, code));
    }
    for (const auto method : {Method::post, Method::patch, Method::put, Method::remove}) {
        for (const int code : {ECONNREFUSED, ENETUNREACH, EHOSTUNREACH}) {
            EXPECT_TRUE(mayBeRepeated(method, code));
        }
        for (const int code : {0, ETIMEDOUT, ECONNRESET, EPIPE}) {
            EXPECT_FALSE(mayBeRepeated(method, code));
        }
    }
}

} // namespace
} // namespace plimsoll::kube
