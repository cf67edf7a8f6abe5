// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/material.hpp"
#include "tests/unit/kube/credentials/certificates.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using test::KeyKind;
using test::TestAuthority;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000s};
constexpr WallTime kUntil = kNow + 24h;

class ReadMaterial : public testing::Test {
protected:
    /// A kubeconfig whose certificate and key are in these files.
    [[nodiscard]] Kubeconfig with(const std::string& certificate, const std::string& key) const {
        return {.server = "https://h:1",
                .certificate = {.field = "F:1: cert", .file = tree_.path(certificate)},
                .key = {.field = "F:2: key", .file = tree_.path(key)}};
    }
    static MaterialProblem problemOf(const Kubeconfig& config) {
        const auto access = readMaterial(config, kNow);
        EXPECT_FALSE(access);
        return access ? MaterialProblem{} : access.error();
    }
    [[nodiscard]] test::Pair node(WallTime from = kNow - 1h, WallTime until = kUntil) const {
        return authority_.issue("system:node:node-a", from, until);
    }

    test::FakeTree tree_;
    TestAuthority authority_{"kubernetes"};
};

TEST_F(ReadMaterial, takes_certificate_and_key_out_of_the_kubelets_one_file) {
    const auto pair = node();
    const auto intermediate = TestAuthority("intermediate").pem();
    tree_.write("current.pem", pair.certificate + intermediate + pair.key);
    const auto access = readMaterial(with("current.pem", "current.pem"), kNow);
    ASSERT_TRUE(access) << access.error().error.what;
    EXPECT_EQ(access->clientCertificatePem, pair.certificate + intermediate);
    EXPECT_EQ(access->clientKeyPem, pair.key);
    EXPECT_EQ(access->user, "system:node:node-a");
    EXPECT_EQ(nodeNameOf(*access), "node-a");
    EXPECT_EQ(access->expires, kUntil);
    EXPECT_TRUE(access->bearerToken.empty());
}

TEST_F(ReadMaterial, knows_the_keys_that_nodes_have) {
    for (const auto kind : {KeyKind::ec, KeyKind::ecPkcs8, KeyKind::rsa}) {
        const auto pair = authority_.issue("system:node:n", kNow - 1h, kUntil, kind);
        tree_.write("c", pair.certificate);
        tree_.write("k", "some words before\n" + pair.key);
        const auto access = readMaterial(with("c", "k"), kNow);
        ASSERT_TRUE(access) << access.error().error.what;
        EXPECT_EQ(access->clientKeyPem, pair.key);
    }
}

TEST_F(ReadMaterial, says_when_the_certificate_expired) {
    const auto pair = node(kNow - 48h, kNow - 1s);
    tree_.write("c", pair.certificate + pair.key);
    const auto problem = problemOf(with("c", "c"));
    EXPECT_EQ(problem.error.what, "F:1: cert: " + tree_.path("c") +
                                      " has a certificate that expired at 2027-01-15T07:59:59Z; "
                                      "see why it was not renewed");
    EXPECT_FALSE(problem.passing);
}

TEST_F(ReadMaterial, says_when_the_clock_is_before_the_certificate) {
    const auto pair = node(kNow + 1s);
    tree_.write("c", pair.certificate + pair.key);
    EXPECT_THAT(problemOf(with("c", "c")).error.what,
                EndsWith("has a certificate that is not valid before 2027-01-15T08:00:01Z; see "
                         "whether the clock of this node is right"));
}

TEST_F(ReadMaterial, waits_for_what_may_be_half_written) {
    const auto pair = node();
    const auto other = node();
    tree_.write("certificate", pair.certificate);
    tree_.write("other", other.key);
    tree_.write("empty", "");
    tree_.write("half", pair.key.substr(0, pair.key.size() / 2));
    const auto reason = [this](const std::string& certificate, const std::string& key) {
        const auto problem = problemOf(with(certificate, key));
        EXPECT_TRUE(problem.passing) << problem.error.what;
        EXPECT_THAT(problem.error.what, Not(HasSubstr("PRIVATE")));
        return problem.error.what;
    };
    const auto certificate = "F:1: cert: " + tree_.path("certificate");
    EXPECT_EQ(reason("gone", "other"),
              "F:1: cert: " + tree_.path("gone") + ": No such file or directory");
    EXPECT_EQ(reason("certificate", "other"),
              certificate + " has a key that belongs to another certificate");
    EXPECT_EQ(reason("certificate", "half"),
              "F:2: key: " + tree_.path("half") +
                  " holds no private key that can be read (PEM is needed)");
    EXPECT_EQ(reason("empty", "other"),
              "F:1: cert: " + tree_.path("empty") +
                  " holds no certificate that can be read (PEM is needed)");
}

TEST_F(ReadMaterial, refuses_a_key_with_a_passphrase_and_asks_nobody_for_it) {
    const auto pair = node();
    tree_.write("c", pair.certificate);
    tree_.write("k", test::encryptedKey(pair.key));
    EXPECT_THAT(problemOf(with("c", "k")).error.what,
                EndsWith("has a key that cannot be read: PEM without a passphrase is needed"));
}

TEST_F(ReadMaterial, does_not_wait_for_what_stands_in_the_kubeconfig_itself) {
    const Kubeconfig config{.server = "https://h",
                            .certificate = {.field = "F:1: cert-data", .data = node().certificate},
                            .key = {.field = "F:2: key-data", .data = node().key}};
    const auto problem = problemOf(config);
    EXPECT_FALSE(problem.passing);
    EXPECT_EQ(problem.error.what, "F:1: cert-data has a key that belongs to another certificate");
}

TEST_F(ReadMaterial, does_not_wait_for_what_is_no_file_or_too_large) {
    tree_.makeDirectory("directory");
    tree_.write("large", std::string(kMaxCredentialBytes + 1, 'x'));
    for (const auto* file : {"directory", "large"}) {
        const auto problem = problemOf(with(file, file));
        EXPECT_FALSE(problem.passing) << problem.error.what;
        EXPECT_THAT(problem.error.what, StartsWith("F:1: cert: " + tree_.path(file) + ": is "));
    }
}

TEST_F(ReadMaterial, takes_every_certificate_of_a_bundle) {
    const TestAuthority second("second");
    tree_.write("ca", "# ours\n" + authority_.pem() + "\n# theirs\n" + second.pem());
    const Kubeconfig config{
        .server = "https://h", .ca = {.field = "F:1: ca", .file = tree_.path("ca")}, .token = "t"};
    const auto access = readMaterial(config, kNow);
    ASSERT_TRUE(access) << access.error().error.what;
    EXPECT_EQ(access->caPem, authority_.pem() + second.pem());
    EXPECT_EQ(access->bearerToken, "t");
    EXPECT_FALSE(access->expires);
    EXPECT_EQ(nodeNameOf(*access), "");
    tree_.write("ca", "nothing");
    EXPECT_EQ(problemOf(config).error.what,
              "F:1: ca: " + tree_.path("ca") +
                  " holds no certificate that can be read (PEM is needed)");
}

TEST_F(ReadMaterial, takes_the_token_of_the_file_before_the_one_written_down) {
    tree_.write("token", "fresh\n");
    Kubeconfig config{.server = "https://h",
                      .token = "old",
                      .tokenFile = {.field = "F:3: tokenFile", .file = tree_.path("token")}};
    EXPECT_EQ(readMaterial(config, kNow)->bearerToken, "fresh");
    tree_.write("token", "two words");
    EXPECT_EQ(readMaterial(config, kNow)->bearerToken, "old");
    config.token.clear();
    EXPECT_EQ(problemOf(config).error.what,
              "F:3: tokenFile: " + tree_.path("token") + " holds no token: one word is needed");
}

TEST_F(ReadMaterial, checks_what_a_plugin_gave) {
    const auto pair = node();
    const auto reason = [](const ExecAnswer& answer) {
        const auto access = withAnswer({}, answer, kNow);
        return access ? "no error" : access.error().what;
    };
    EXPECT_EQ(reason({.token = "t", .expires = kNow}),
              "gave a credential that had expired at 2027-01-15T08:00:00Z");
    EXPECT_EQ(reason({.certificates = "x", .key = pair.key}),
              "gave an answer that holds no certificate that can be read (PEM is needed)");
    EXPECT_EQ(reason({.certificates = pair.certificate, .key = node().key}),
              "gave an answer that has a key that belongs to another certificate");
    const auto access = withAnswer(
        {}, {.certificates = pair.certificate, .key = pair.key, .expires = kUntil + 1h}, kNow);
    ASSERT_TRUE(access) << access.error().what;
    EXPECT_EQ(access->expires, kUntil) << "the certificate ends before the answer";
    EXPECT_EQ(access->user, "system:node:node-a");
}

} // namespace
} // namespace plimsoll::kube
