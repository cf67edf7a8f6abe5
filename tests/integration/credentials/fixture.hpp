// SPDX-License-Identifier: Apache-2.0
// A node's kubeconfig in a directory of its own, and credentials on a loop with a clock of the
// test.
#pragma once

#include "kube/credentials/credentials.hpp"
#include "tests/integration/http/loop.hpp"
#include "tests/unit/kube/credentials/certificates.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

namespace plimsoll::test {

using kube::Access;
using kube::Credentials;
using kube::WallTime;
using namespace std::chrono_literals;

class CredentialsOfANode : public testing::Test {
protected:
    using Outcome = Result<std::shared_ptr<const Access>>;

    /// `user` is the inside of a map.
    void writeKubeconfig(const std::string& user) {
        tree_.write("kubeconfig", "kind: Config\ncurrent-context: a\n"
                                  "contexts: [{name: a, context: {cluster: c, user: u}}]\n"
                                  "clusters: [{name: c, cluster: {server: 'https://10.0.0.1'}}]\n"
                                  "users: [{name: u, user: {" +
                                      user + "}}]\n");
    }
    void start(std::chrono::milliseconds keptFor = 1h, std::vector<std::string> servers = {}) {
        credentials_ = std::make_unique<Credentials>(
            loop_.raw(),
            kube::CredentialSettings{.kubeconfig = tree_.path("kubeconfig"),
                                     .servers = std::move(servers)},
            kube::Surroundings{.procRoot = tree_.root(),
                               .now = [this] { return now_; },
                               .keptFor = keptFor,
                               .pluginTime = pluginTime_});
    }
    Outcome ask() {
        std::optional<Outcome> answer;
        credentials_->get([&answer](Outcome outcome) { answer = std::move(outcome); });
        EXPECT_FALSE(answer) << "never from within get()";
        EXPECT_TRUE(loop_.runUntil([&answer] { return answer.has_value(); }, 60s));
        return answer ? *answer : fail(0, "no answer");
    }
    std::shared_ptr<const Access> good() {
        auto outcome = ask();
        EXPECT_TRUE(outcome) << outcome.error().what;
        return outcome ? *outcome : std::make_shared<const Access>();
    }
    std::string error() {
        const auto outcome = ask();
        return outcome ? "no error" : outcome.error().what;
    }
    /// Where errors of the user's field begin.
    [[nodiscard]] std::string place(const std::string& field) const {
        return tree_.path("kubeconfig") + ":5: users[0].user" + field + ": ";
    }

    FakeTree tree_;
    Loop loop_;
    WallTime now_{1'800'000'000s};
    std::chrono::milliseconds pluginTime_ = 60s;
    std::unique_ptr<Credentials> credentials_;
};

} // namespace plimsoll::test
