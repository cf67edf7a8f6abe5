// SPDX-License-Identifier: Apache-2.0
// The conformance program against the living test server.
#include "tests/apiserver/api_server.hpp"
#include "tests/conformance/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <stop_token>
#include <thread>

namespace plimsoll::conformance {
namespace {

using namespace std::chrono_literals;
using plimsoll::test::ApiServer;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class Conformance : public testing::Test {
protected:
    int run(bool hasAdmin) {
        return conformance::run({.kubeconfig = server_.kubeconfig(),
                                 .adminKubeconfig = hasAdmin ? server_.adminKubeconfig() : "",
                                 .manifests = SOURCE_ROOT "/kube/manifests",
                                 .examples = SOURCE_ROOT "/conf/examples",
                                 .isNodeKnown = isNodeKnown_,
                                 .patience = patience_},
                                report_);
    }
    std::vector<std::string> names(Verdict::Kind kind) const {
        std::vector<std::string> found;
        for (const auto& [name, verdict] : report_.all())
            if (verdict.kind == kind)
                found.push_back(name);
        return found;
    }
    std::size_t stored(const std::string& plural) {
        return server_.cluster().store().list(plural).objects.size();
    }

    ApiServer server_;
    std::ostringstream out_;
    Report report_{out_};
    bool isNodeKnown_ = false;
    std::chrono::seconds patience_ = 30s;
};

/// What the controller manager does with a budget that allows nothing.
class DisruptionController {
public:
    explicit DisruptionController(ApiServer& server)
        : thread_([&server](const std::stop_token& end) {
              while (!end.stop_requested()) {
                  for (Json budget :
                       server.cluster().store().list("poddisruptionbudgets").objects) {
                      if (budget.contains("status"))
                          continue;
                      budget["status"] = {
                          {"disruptionsAllowed", 0}, {"desiredHealthy", 1}, {"currentHealthy", 1}};
                      server.apply(budget);
                  }
                  std::this_thread::sleep_for(50ms);
              }
          }) {}

private:
    std::jthread thread_;
};

TEST_F(Conformance, refuses_a_node_that_was_there_before_and_changes_nothing) {
    EXPECT_EQ(run(true), 2);
    EXPECT_THAT(out_.str(), HasSubstr("failed safety: Node node-a was there before."));
    EXPECT_EQ(server_.log().count("POST", ""), server_.log().count("POST", "selfsubjectreviews"));
    EXPECT_EQ(server_.log().count("PATCH", "") + server_.log().count("DELETE", ""), 0U);
}

TEST_F(Conformance, refuses_a_node_with_pods) {
    server_.erase("/api/v1/nodes/node-a");
    server_.addPod("node-a", "default", "somebodys");
    EXPECT_EQ(run(true), 2);
    EXPECT_THAT(out_.str(), HasSubstr("failed safety: node node-a has 1 pods."));
}

TEST_F(Conformance, refuses_credentials_that_do_not_work) {
    server_.stop();
    patience_ = 2s;
    EXPECT_EQ(run(false), 2);
    EXPECT_THAT(names(Verdict::Kind::failed), ElementsAre("who am I", "version", "safety"));
}

TEST_F(Conformance, says_what_is_missing_where_nobody_has_prepared_the_cluster) {
    isNodeKnown_ = true;
    patience_ = 3s;
    EXPECT_EQ(run(false), 1);
    EXPECT_THAT(out_.str(),
                AllOf(HasSubstr("failed mirror complete: NodeQOS: "), HasSubstr("ok cordon: ")));
}

TEST_F(Conformance, skips_what_needs_an_admin_where_there_is_none) {
    server_.installDefinitions();
    server_.installNodeRole();
    isNodeKnown_ = true;
    EXPECT_EQ(run(false), 0) << out_.str();
    EXPECT_THAT(out_.str(), AllOf(HasSubstr("ok mirror complete: "), HasSubstr("ok uncordon: "),
                                  HasSubstr("skipped eviction by UID: needs ADMIN_KUBECONFIG\n"),
                                  HasSubstr("ok relist: ")));
    EXPECT_FALSE(server_.get("/api/v1/nodes/node-a").is_null()) << "it was there before";
}

TEST_F(Conformance, passes_all_that_the_server_has_and_leaves_nothing_behind) {
    server_.erase("/api/v1/nodes/node-a");
    const DisruptionController controller(server_);
    EXPECT_EQ(run(true), 0) << out_.str();
    EXPECT_THAT(names(Verdict::Kind::failed), IsEmpty());
    // It has neither service accounts nor secrets, of which one manifest is made.
    EXPECT_THAT(names(Verdict::Kind::skipped), ElementsAre("manifests accepted"));
    EXPECT_THAT(out_.str(), AllOf(HasSubstr("ok node: Node node-a was created by itself"),
                                  HasSubstr("ok disruption budget heeded: not now: "),
                                  EndsWith("passed, 0 failed, 1 skipped\n")));
    for (const char* plural : {"nodes", "pods", "events", "poddisruptionbudgets", "clusterroles",
                               "clusterrolebindings", "customresourcedefinitions", "nodeqoss"})
        EXPECT_EQ(stored(plural), 0U) << plural;
}

} // namespace
} // namespace plimsoll::conformance
