// SPDX-License-Identifier: Apache-2.0
// Five kinds on a loop, before an API server of a few lines.
#include "kube/mirror/mirror.hpp"
#include "tests/integration/http/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace plimsoll::kube {
namespace {

using plimsoll::test::Loop;
using testing::ElementsAre;
using testing::HasSubstr;

/// Keeps what is asked until the test answers.
class FakeApi : public Api {
public:
    struct Asked {
        ApiRequest request;
        Receive receive;
        Done done;
    };

    using Api::send;
    http::Call send(ApiRequest request, Receive receive, Done done) override {
        const auto id = ++last_;
        asked_.emplace(id, Asked{std::move(request), std::move(receive), std::move(done)});
        return http::Call([this, id] { asked_.erase(id); });
    }

    [[nodiscard]] std::size_t open() const { return asked_.size(); }
    /// The request under way of a path; null: there is none.
    Asked* find(std::string_view part) {
        for (auto& [id, asked] : asked_) {
            if (asked.request.path.find(part) != std::string::npos) {
                return &asked;
            }
        }
        return nullptr;
    }
    bool push(std::string_view part, std::string_view piece) {
        Asked* asked = find(part);
        return asked != nullptr && asked->receive(piece);
    }
    void finish(std::string_view part, Result<http::Answer> answer) {
        for (auto asked = asked_.begin(); asked != asked_.end(); ++asked) {
            if (asked->second.request.path.find(part) != std::string::npos) {
                const Done done = std::move(asked->second.done);
                asked_.erase(asked);
                done(std::move(answer));
                return;
            }
        }
        ADD_FAILURE() << "nobody asks for " << part;
    }

private:
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, Asked> asked_;
};

std::string added(const std::string& object) {
    return R"({"type":"ADDED","object":)" + object + "}\n";
}

std::string pod(const std::string& name, const std::string& node = "node-a") {
    return R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","namespace":"default",)"
           R"("uid":"u-)" +
           name + R"(","name":")" + name + R"("},"spec":{"nodeName":")" + node + R"("}})";
}

const std::string kNode =
    R"({"kind":"Node","apiVersion":"v1","metadata":{"resourceVersion":"8","name":"node-a"}})";
const std::string kAction =
    R"({"kind":"AvoidanceAction","apiVersion":"ensurance.crane.io/v1alpha1",)"
    R"("metadata":{"resourceVersion":"9","name":"close"},"spec":{}})";
const std::string kEnd = R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"10",)"
                         R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
                         "\n";

class MirrorTest : public testing::Test {
protected:
    void start(ObjectStore known = {}) {
        mirror = std::make_unique<Mirror>(loop.raw(), api, "node-a", std::move(known));
        mirror->onChange([this](Mirror::Changes changes) { told.push_back(changes); });
        ASSERT_TRUE(loop.runUntil([this] { return api.open() == kKinds.size(); }));
    }
    void listEverything() {
        api.push("/pods", added(pod("web")) + added(pod("db")) + kEnd);
        api.push("/nodes", added(kNode) + kEnd);
        api.push("/avoidanceactions", added(kAction) + kEnd);
        api.push("/nodeqoss", kEnd);
        api.push("/podqoss", kEnd);
    }
    std::vector<std::string> pods() const {
        std::vector<std::string> result;
        for (const auto& [key, object] : mirror->objects().of(Kind::pod)) {
            result.push_back(key);
        }
        return result;
    }

    Loop loop;
    FakeApi api; ///< outlives the mirror
    std::unique_ptr<Mirror> mirror;
    std::vector<Mirror::Changes> told;
};

TEST_F(MirrorTest, asks_for_what_a_node_may_see_and_no_more) {
    start();
    EXPECT_THAT(api.find("/nodes")->request.path,
                HasSubstr("fieldSelector=metadata.name%3Dnode-a"));
    EXPECT_THAT(api.find("/pods")->request.path, HasSubstr("fieldSelector=spec.nodeName%3Dnode-a"));
    EXPECT_NE(api.find("/apis/ensurance.crane.io/v1alpha1/nodeqoss?"), nullptr);
    EXPECT_NE(api.find("/apis/ensurance.crane.io/v1alpha1/podqoss?"), nullptr);
    EXPECT_NE(api.find("/apis/ensurance.crane.io/v1alpha1/avoidanceactions?"), nullptr);
}

TEST_F(MirrorTest, is_complete_when_all_five_kinds_are_listed_and_tells_it_once) {
    start();
    EXPECT_FALSE(mirror->complete());
    listEverything();
    EXPECT_TRUE(mirror->complete());
    EXPECT_TRUE(told.empty()) << "from the loop, several changes together";
    ASSERT_TRUE(loop.runUntil([this] { return !told.empty(); }));
    loop.runFor(std::chrono::milliseconds(200));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].pods && told[0].node && told[0].policies && told[0].state);
    EXPECT_THAT(pods(), ElementsAre("default/db", "default/web"));
    EXPECT_TRUE(mirror->state(Kind::pod).following);
    const PolicySet set = decode(mirror->objects());
    EXPECT_EQ(set.pods.size(), 2U);
    ASSERT_EQ(set.actions.size(), 1U);
    EXPECT_EQ(set.actions[0].origin, "cluster");
    EXPECT_TRUE(set.node);
}

TEST_F(MirrorTest, asks_nothing_while_the_watches_are_open) {
    start();
    listEverything();
    loop.runFor(std::chrono::milliseconds(300));
    EXPECT_EQ(api.open(), kKinds.size());
    EXPECT_EQ(mirror->state(Kind::pod).lists, 1U);
    EXPECT_EQ(mirror->state(Kind::pod).watches, 1U);
}

TEST_F(MirrorTest, a_change_that_concerns_nothing_here_is_not_told) {
    start();
    listEverything();
    ASSERT_TRUE(loop.runUntil([this] { return !told.empty(); }));
    told.clear();
    std::string same = pod("web");
    same.replace(same.find("\"7\""), 3, R"("11","annotations":{"note":"x"})");
    api.push("/pods", R"({"type":"MODIFIED","object":)" + same + "}\n");
    loop.runFor(std::chrono::milliseconds(200));
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(mirror->objects().of(Kind::pod).at("default/web").resourceVersion, "11");
}

TEST_F(MirrorTest, keeps_what_was_known_until_the_kind_is_listed) {
    ObjectStore known;
    known.of(Kind::pod)["default/old"] = {.resourceVersion = "3", .json = pod("old")};
    start(std::move(known));
    api.finish("/pods", fail(0, "no route to host"));
    EXPECT_THAT(pods(), ElementsAre("default/old"));
    EXPECT_FALSE(mirror->state(Kind::pod).listed);
    EXPECT_EQ(mirror->state(Kind::pod).problem, "no route to host");
    ASSERT_TRUE(loop.runUntil([this] { return api.find("/pods") != nullptr; }));
    api.push("/pods", added(pod("new")) + kEnd);
    EXPECT_THAT(pods(), ElementsAre("default/new"));
}

TEST_F(MirrorTest, resumes_from_the_last_version_after_a_closed_stream) {
    start();
    listEverything();
    api.push("/pods", R"({"type":"DELETED","object":)" + pod("db") + "}\n");
    EXPECT_THAT(pods(), ElementsAre("default/web"));
    api.finish("/pods", http::Answer{.status = 200});
    ASSERT_TRUE(loop.runUntil([this] { return api.find("/pods") != nullptr; }));
    EXPECT_THAT(api.find("/pods")->request.path, HasSubstr("resourceVersion=7&"));
}

TEST_F(MirrorTest, a_handler_that_throws_does_not_reach_the_loop) {
    start();
    int calls = 0;
    mirror->onChange([&calls](Mirror::Changes) {
        ++calls;
        throw std::runtime_error("no");
    });
    listEverything();
    EXPECT_TRUE(loop.runUntil([&calls] { return calls == 1; }));
}

TEST_F(MirrorTest, goes_with_requests_under_way) {
    start();
    mirror.reset();
    EXPECT_EQ(api.open(), 0U);
}

} // namespace
} // namespace plimsoll::kube
