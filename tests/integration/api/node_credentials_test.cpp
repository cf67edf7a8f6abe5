// SPDX-License-Identifier: Apache-2.0
// The Connection as the daemon has it: a kubeconfig as kubeadm writes it, and a certificate that
// the kubelet rotates.
#include "kube/api/connection.hpp"
#include "tests/integration/api/node_server.hpp"
#include "tests/integration/http/loop.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <optional>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using plimsoll::test::Certificates;
using plimsoll::test::NodeServer;
using testing::ElementsAre;
using testing::HasSubstr;
using State = ApiHealth::State;

class NodeCredentials : public testing::Test {
protected:
    NodeCredentials() {
        server_.routes().Get("/api",
                             [this](const httplib::Request& request, httplib::Response& response) {
                                 const std::lock_guard lock(mutex_);
                                 const auto user = plimsoll::test::userOf(request);
                                 users_.push_back(user);
                                 response.status = user == known_ ? 200 : 401;
                             });
        server_.start();
        connection_.onHealthChange([this] { states_.push_back(connection_.health().state); });
    }

    /// As certificate_store.go: a new file, and the link to it is moved.
    void issue(const std::string& user) {
        const auto identity = certificates_.client(user);
        const auto file = certificates_.path("kubelet-client-" + user + ".pem");
        std::ofstream(file) << identity.certificatePem << identity.keyPem;
        const auto link = certificates_.path("kubelet-client-current.pem");
        const auto updated = certificates_.path("kubelet-client-updated.pem");
        fs::create_symlink(file, updated);
        fs::remove(link);
        fs::rename(updated, link);
    }
    void writeKubeconfig() {
        std::ofstream(kubeconfig_)
            << "apiVersion: v1\nkind: Config\n"
            << "clusters:\n- name: default-cluster\n  cluster:\n    server: " << server_.url()
            << "\n    certificate-authority: ca.pem\n"
            << "contexts:\n- name: default-context\n  context:\n    cluster: default-cluster\n"
            << "    user: default-auth\ncurrent-context: default-context\n"
            << "users:\n- name: default-auth\n  user:\n"
            << "    client-certificate: kubelet-client-current.pem\n"
            << "    client-key: kubelet-client-current.pem\n";
    }
    void knows(const std::string& user) {
        const std::lock_guard lock(mutex_);
        known_ = user;
    }
    Result<http::Answer> ask() {
        std::optional<Result<http::Answer>> result;
        const auto call = connection_.send(
            {.path = "/api"}, [&](Result<http::Answer> answer) { result = std::move(answer); });
        EXPECT_TRUE(loop_.runUntil([&] { return result.has_value(); }, 30s));
        return result.value_or(fail(0, "nothing came back"));
    }

    std::mutex mutex_;
    std::string known_;
    std::vector<std::string> users_; ///< who asked
    Certificates certificates_;
    NodeServer server_{certificates_};
    std::string kubeconfig_ = certificates_.path("kubelet.conf");
    plimsoll::test::Loop loop_;
    Credentials credentials_{loop_.raw(), {.kubeconfig = kubeconfig_}};
    Connection connection_{loop_.raw(), credentials_};
    std::vector<State> states_;
};

TEST_F(NodeCredentials, a_node_without_a_kubeconfig_has_no_cluster_until_it_joins_one) {
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().what, HasSubstr(kubeconfig_));
    EXPECT_EQ(connection_.health().problem, answer.error().what);
    knows("system:node:node-a");
    issue("system:node:node-a");
    writeKubeconfig();
    const auto joined = ask();
    ASSERT_TRUE(joined) << joined.error().what;
    EXPECT_EQ(joined->status, 200);
    EXPECT_THAT(states_, ElementsAre(State::noCluster, State::reachable));
    EXPECT_EQ(connection_.health().user, "system:node:node-a");
}

TEST_F(NodeCredentials, a_certificate_that_is_refused_is_read_anew_and_the_request_sent_again) {
    knows("system:node:node-a");
    issue("system:node:node-a");
    writeKubeconfig();
    ASSERT_TRUE(ask());
    issue("system:node:node-a.renewed");
    knows("system:node:node-a.renewed");
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 200);
    const std::lock_guard lock(mutex_);
    EXPECT_THAT(users_, ElementsAre("system:node:node-a", "system:node:node-a",
                                    "system:node:node-a.renewed"));
    EXPECT_THAT(states_, ElementsAre(State::reachable, State::reachable)) << "another user";
}

TEST_F(NodeCredentials, of_a_node_that_was_thrown_out_are_told_once) {
    issue("system:node:node-a");
    writeKubeconfig();
    for (int count = 0; count < 3; ++count) {
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().what;
        EXPECT_EQ(answer->status, 401);
    }
    EXPECT_THAT(states_, ElementsAre(State::unreachable));
    EXPECT_THAT(connection_.health().problem, HasSubstr(kubeconfig_));
}

} // namespace
} // namespace plimsoll::kube
