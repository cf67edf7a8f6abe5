// SPDX-License-Identifier: Apache-2.0
// Credentials in files that change while they are read.
#include "tests/integration/credentials/fixture.hpp"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class CredentialFiles : public CredentialsOfANode {
protected:
    [[nodiscard]] Pair node(const std::string& name) const {
        return authority_.issue("system:node:" + name, now_ - 1h, now_ + 1h);
    }
    void writeTokenFile(const std::string& token) {
        writeKubeconfig("tokenFile: token");
        tree_.write("token", token);
    }

    TestAuthority authority_{"kubernetes"};
};

TEST_F(CredentialFiles, a_node_without_a_kubeconfig_has_no_cluster) {
    start();
    const auto outcome = ask();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ENOENT);
    writeKubeconfig("token: t");
    EXPECT_EQ(good()->bearerToken, "t") << "when it joins one it has one";
    EXPECT_EQ(good()->origin, tree_.path("kubeconfig"));
}

TEST_F(CredentialFiles, waits_while_the_kubelet_renames_its_symlink) {
    writeKubeconfig("client-certificate: current.pem, client-key: current.pem");
    const auto first = node("first");
    const auto second = node("second");
    tree_.write("1.pem", first.certificate + first.key);
    tree_.write("2.pem", second.certificate + second.key);
    fs::create_symlink("1.pem", tree_.path("current.pem"));
    start(0ms);
    EXPECT_EQ(nodeNameOf(*good()), "first");
    fs::create_symlink("2.pem", tree_.path("updated.pem"));
    fs::remove(tree_.path("current.pem"));
    std::optional<Outcome> answer;
    credentials_->get([&answer](Outcome outcome) { answer = std::move(outcome); });
    loop_.runFor(150ms);
    EXPECT_FALSE(answer) << "it is not there for an instant, and that is no error";
    fs::rename(tree_.path("updated.pem"), tree_.path("current.pem"));
    ASSERT_TRUE(loop_.runUntil([&answer] { return answer.has_value(); }, 60s));
    ASSERT_TRUE(*answer) << answer->error().what;
    EXPECT_EQ(nodeNameOf(***answer), "second");
}

TEST_F(CredentialFiles, waits_for_the_other_half_of_a_pair) {
    writeKubeconfig("client-certificate: c, client-key: k");
    const auto pair = node("n");
    tree_.write("c", pair.certificate);
    tree_.write("k", node("n").key);
    start();
    std::optional<Outcome> answer;
    credentials_->get([&answer](Outcome outcome) { answer = std::move(outcome); });
    loop_.runFor(150ms);
    EXPECT_FALSE(answer);
    tree_.write("k", pair.key);
    ASSERT_TRUE(loop_.runUntil([&answer] { return answer.has_value(); }, 60s));
    EXPECT_TRUE(*answer);
}

TEST_F(CredentialFiles, does_not_wait_for_ever) {
    writeKubeconfig("client-certificate: gone.pem, client-key: gone.pem");
    start();
    const auto outcome = ask();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().what, place(".client-certificate") + tree_.path("gone.pem") +
                                        ": No such file or directory");
    EXPECT_EQ(outcome.error().code, 0) << "there is a kubeconfig, so there is a cluster";
}

TEST_F(CredentialFiles, sees_the_certificate_expire_while_it_is_kept) {
    writeKubeconfig("client-certificate: c, client-key: c");
    const auto pair = node("n");
    tree_.write("c", pair.certificate + pair.key);
    start();
    EXPECT_EQ(good()->expires, now_ + 1h);
    now_ += 1h;
    EXPECT_THAT(error(), HasSubstr("has a certificate that expired at 2027-01-15T09:00:00Z"));
    const auto renewed = node("n");
    tree_.write("c", renewed.certificate + renewed.key);
    EXPECT_EQ(good()->clientKeyPem, renewed.key);
}

TEST_F(CredentialFiles, keeps_what_it_read_until_it_is_refused) {
    writeTokenFile("first\n");
    start();
    const auto first = good();
    tree_.write("token", "second");
    EXPECT_EQ(good(), first);
    credentials_->refused();
    EXPECT_EQ(good()->bearerToken, "second");
}

TEST_F(CredentialFiles, reads_again_when_it_is_time_and_says_the_same_when_nothing_changed) {
    writeTokenFile("first");
    start(0ms);
    const auto first = good();
    EXPECT_EQ(good(), first);
    tree_.write("token", "second");
    EXPECT_EQ(good()->bearerToken, "second");
}

TEST_F(CredentialFiles, answers_all_who_wait_together) {
    writeTokenFile("t");
    start();
    std::vector<std::shared_ptr<const Access>> answers;
    for (int count = 0; count < 3; ++count) {
        credentials_->get([&answers](const Outcome& outcome) { answers.push_back(*outcome); });
    }
    ASSERT_TRUE(loop_.runUntil([&answers] { return answers.size() == 3; }));
    EXPECT_EQ(answers[0], answers[2]);
}

TEST_F(CredentialFiles, may_be_asked_again_out_of_an_answer) {
    writeTokenFile("t");
    start();
    int answers = 0;
    credentials_->get([&](const Outcome&) {
        ++answers;
        credentials_->get([&](const Outcome&) { ++answers; });
    });
    EXPECT_TRUE(loop_.runUntil([&answers] { return answers == 2; }));
}

TEST_F(CredentialFiles, may_be_destroyed_out_of_an_answer_and_while_somebody_waits) {
    writeTokenFile("t");
    start();
    int answers = 0;
    for (int count = 0; count < 3; ++count) {
        credentials_->get([&](const Outcome&) {
            ++answers;
            credentials_.reset();
        });
    }
    loop_.runFor(50ms);
    EXPECT_EQ(answers, 1);
    writeKubeconfig("client-certificate: gone, client-key: gone");
    start();
    credentials_->get([&](const Outcome&) { ++answers; });
    loop_.runFor(50ms);
    credentials_.reset();
    loop_.runFor(200ms);
    EXPECT_EQ(answers, 1);
}

TEST_F(CredentialFiles, a_callback_that_throws_keeps_nobody_else_waiting) {
    writeTokenFile("t");
    start();
    credentials_->get([](const Outcome&) { throw std::runtime_error("mine"); });
    EXPECT_EQ(good()->bearerToken, "t");
}

TEST_F(CredentialFiles, adds_the_servers_of_the_configuration_once) {
    writeTokenFile("t");
    start(1h, {"https://10.0.0.2:6443/", "https://10.0.0.1", "https://10.0.0.2:6443"});
    EXPECT_THAT(good()->servers, ElementsAre("https://10.0.0.1", "https://10.0.0.2:6443"));
    start(1h, {"http://plain"});
    EXPECT_EQ(error(), "the server 'http://plain' of the configuration must be a URL that begins "
                       "with https://");
}

} // namespace
} // namespace plimsoll::test
