// SPDX-License-Identifier: Apache-2.0
#include "fake_api.hpp"
#include "kube/actions/backoff.hpp"
#include "kube/actions/node_condition.hpp"
#include "recorded.hpp"
#include "tests/integration/http/loop.hpp"

#include <gmock/gmock.h>
#include <set>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using plimsoll::test::Loop;
using test::FakeApi;
using test::recorded;
using testing::HasSubstr;
using Json = nlohmann::json;

class NodeConditionTest : public testing::Test {
protected:
    void observe(const std::string& status, const std::string& uid = "u-1",
                 const std::string& name = "node-a") {
        Json node{{"kind", "Node"}, {"metadata", {{"name", name}, {"uid", uid}}}};
        node["status"]["conditions"] = Json::array({{{"type", "Ready"}, {"status", "True"}}});
        if (!status.empty()) {
            node["status"]["conditions"].push_back(
                {{"type", "interference-identified"}, {"status", status}});
        }
        const StoredObject object{.resourceVersion = "1", .json = node.dump()};
        condition_->observe(&object);
    }
    void want(bool identified, const std::string& message = "cpu_total_usage above 6000") {
        condition_->want(identified, identified ? "AvoidanceTriggered" : "RestoreTriggered",
                         message);
    }
    Json sent() {
        return Json::parse(api_.requests.back().body).at("status").at("conditions").at(0);
    }
    void accept() { api_.answer(recorded("nodes/060-status-condition-strategic").answer); }
    bool runUntilAsked() {
        return loop_.runUntil([this] { return api_.pending() > 0; });
    }

    Loop loop_;
    FakeApi api_;
    WallTime now_{1795321117s}; // 2026-11-22T04:18:37Z
    std::unique_ptr<NodeCondition> condition_ =
        std::make_unique<NodeCondition>(loop_.raw(), api_, "node-a", [this] { return now_; });
};

TEST_F(NodeConditionTest, a_silent_server_is_told_again_what_is_wanted_by_then) {
    observe("");
    want(true, "first");
    api_.fail("timed out after 15 s");
    EXPECT_THAT(condition_->problem(),
                HasSubstr("the condition interference-identified of node node-a: timed out"));
    want(true, "second");
    EXPECT_EQ(api_.pending(), 0U) << "not before the pause is over";
    ASSERT_TRUE(runUntilAsked());
    EXPECT_EQ(sent().at("message"), "second");
    accept();
    EXPECT_EQ(condition_->problem(), "");
}

TEST_F(NodeConditionTest, what_was_sent_without_an_answer_is_taken_back_explicitly) {
    observe("False");
    want(true);
    api_.fail("connection reset"); // it may be True there now
    want(false);
    ASSERT_TRUE(runUntilAsked());
    EXPECT_EQ(sent().at("status"), "False");
}

TEST_F(NodeConditionTest, what_was_refused_needs_no_taking_back) {
    observe("False");
    want(true);
    api_.answer(recorded("nodes/031-cordon-other").answer);
    want(false);
    loop_.runFor(1'500ms);
    EXPECT_EQ(api_.requests.size(), 1U);
    EXPECT_EQ(condition_->problem(), "") << "there is nothing left to tell";
}

TEST_F(NodeConditionTest, waits_as_long_as_the_server_asks_for) {
    observe("");
    want(true);
    auto busy = recorded("misc/060-apf-429-list").answer;
    busy.retryAfter = 3s;
    api_.answer(busy);
    loop_.runFor(1'500ms);
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(NodeConditionTest, a_change_of_mind_on_the_way_is_sent_after_the_answer) {
    observe("");
    want(true);
    want(false);
    EXPECT_EQ(api_.requests.size(), 1U);
    accept();
    ASSERT_EQ(api_.requests.size(), 2U);
    EXPECT_EQ(sent().at("status"), "False");
    accept();
    EXPECT_EQ(api_.requests.size(), 2U);
}

TEST_F(NodeConditionTest, nothing_is_sent_before_the_node_is_known) {
    want(true);
    condition_->observe(nullptr);
    observe("", "u-1", "node-b");
    EXPECT_EQ(api_.requests.size(), 0U);
    observe("");
    EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(NodeConditionTest, a_restart_repeats_nothing_and_leaves_nothing) {
    observe("True");
    want(true);
    EXPECT_EQ(api_.requests.size(), 0U) << "it is there already";
    want(false);
    ASSERT_EQ(api_.requests.size(), 1U);
    EXPECT_EQ(sent().at("status"), "False");
}

TEST_F(NodeConditionTest, a_node_without_it_has_nothing_identified) {
    observe("");
    want(false);
    EXPECT_EQ(api_.requests.size(), 0U);
}

TEST_F(NodeConditionTest, what_the_mirror_says_late_does_not_count_after_it_was_told) {
    observe("");
    want(true);
    accept();
    observe("");
    observe("False");
    EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(NodeConditionTest, a_new_node_of_the_same_name_is_told) {
    observe("");
    want(true);
    accept();
    observe("", "u-2");
    EXPECT_EQ(api_.requests.size(), 2U);
}

TEST_F(NodeConditionTest, other_reasons_for_the_same_status_are_not_sent) {
    observe("");
    want(true, "cpu");
    accept();
    want(true, "memory");
    EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(NodeConditionTest, sends_what_the_server_took) {
    observe("");
    now_ = WallTime{1795321110s};
    want(true);
    api_.fail("no answer");
    now_ = WallTime{1795321117s};
    ASSERT_TRUE(runUntilAsked());
    const auto took = recorded("nodes/060-status-condition-strategic");
    const auto& request = api_.next();
    EXPECT_EQ(http::name(request.method), took.method);
    EXPECT_EQ(request.path, took.path);
    EXPECT_EQ(request.contentType, took.contentType);
    auto expected = Json::parse(took.body).at("status").at("conditions").at(0);
    expected["type"] = "interference-identified";
    expected["reason"] = "AvoidanceTriggered";
    expected["lastTransitionTime"] = "2026-11-22T04:18:30Z"; // when it was asked for
    EXPECT_EQ(sent(), expected);
}

TEST_F(NodeConditionTest, a_clock_that_jumps_back_is_written_as_it_is) {
    observe("");
    want(true);
    accept();
    now_ = WallTime{0s};
    want(false);
    EXPECT_EQ(sent().at("lastTransitionTime"), "1970-01-01T00:00:00Z");
}

TEST_F(NodeConditionTest, a_long_or_garbled_message_is_cut_to_valid_text) {
    observe("");
    want(true, "\xff" + std::string(3'000, 'x'));
    const auto message = sent().at("message").get<std::string>();
    EXPECT_LE(message.size(), 1024U);
    EXPECT_TRUE(message.starts_with("\xef\xbf\xbdx"));
    EXPECT_TRUE(message.ends_with("x…"));
}

TEST_F(NodeConditionTest, a_name_that_leads_elsewhere_is_never_asked_for) {
    condition_ = std::make_unique<NodeCondition>(loop_.raw(), api_, "../pods");
    observe("", "u-1", "../pods");
    want(true);
    EXPECT_EQ(api_.requests.size(), 0U);
    EXPECT_THAT(condition_->problem(), HasSubstr("is no name of a Node"));
}

TEST_F(NodeConditionTest, nothing_happens_after_its_end) {
    observe("");
    want(true);
    condition_.reset();
    EXPECT_EQ(api_.pending(), 0U);
}

TEST(Backoff, doubles_up_to_a_minute_and_is_spread_over_half_of_it) {
    EXPECT_EQ(backoff(0, 0), 500ms);
    EXPECT_EQ(backoff(1, 0), 500ms);
    EXPECT_EQ(backoff(1, 1), 1s);
    EXPECT_EQ(backoff(2, 0), 1s);
    EXPECT_EQ(backoff(4, 0.5), 6s);
    EXPECT_EQ(backoff(7, 1), 60s);
    EXPECT_EQ(backoff(4'000'000'000, 0), 30s);
}

} // namespace
} // namespace plimsoll::kube
