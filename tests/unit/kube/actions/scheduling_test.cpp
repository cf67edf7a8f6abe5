// SPDX-License-Identifier: Apache-2.0
// Closing the node and opening it again, against a Node that others change, too.
#include "fake_api.hpp"
#include "kube/actions/scheduling.hpp"
#include "played_node.hpp"

#include <gmock/gmock.h>
#include <random>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApi;
using test::PlayedNode;
using test::recorded;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Json = nlohmann::json;
using State = NodeClosure::State;

const RuleKey kCpu{.policy = "waterline0", .rule = "cpu-high"};
const RuleKey kMemory{.policy = "waterline0", .rule = "memory-high"};
const TaintSetting kTaint{.key = "plimsoll.org/busy", .value = "yes", .effect = "NoSchedule"};
const Json kForeignCordon{{"spec", {{"unschedulable", true}}}};
const Json kUncordon{{"spec", {{"unschedulable", nullptr}}}};

Json annotated(const std::string& mark) {
    return {{"metadata", {{"annotations", {{"plimsoll.org/cordon", mark}}}}},
            {"spec", {{"unschedulable", true}}}};
}

class SchedulingTest : public testing::Test {
protected:
    void use(std::optional<TaintSetting> taint) {
        scheduling_ = std::make_unique<Scheduling>(api_, "node-a", std::move(taint), [] {
            return WallTime{1795321120s}; // 2026-11-22T04:18:40Z
        });
    }
    void observe() {
        const StoredObject object = node_.mirrored();
        scheduling_->observe(&object);
    }
    void close(std::vector<RuleKey> causes = {kCpu}) {
        scheduling_->close(std::move(causes), [this](const Result<void>& r) { take(r); });
    }
    void open() {
        scheduling_->open([this](const Result<void>& r) { take(r); });
    }
    void take(const Result<void>& result) {
        told_.push_back(result ? "done" : result.error().what);
        codes_.push_back(result ? 0 : result.error().code);
    }
    /// The server answers all that it is asked.
    void serve() {
        for (int i = 0; i < 50 && api_.pending() > 0; ++i) {
            api_.answer(node_.answer(api_.next()));
        }
        EXPECT_EQ(api_.pending(), 0U);
    }
    State state() const { return scheduling_->closure().state; }
    bool changing() const { return scheduling_->closure().changing; }
    Json taints() const { return node_.object["spec"].value("taints", Json::array()); }

    PlayedNode node_;
    FakeApi api_;
    std::unique_ptr<Scheduling> scheduling_;
    std::vector<std::string> told_;
    std::vector<int> codes_;

    SchedulingTest() { use({}); }
};

TEST_F(SchedulingTest, without_an_answer_nothing_is_known_to_have_changed) {
    observe();
    close();
    api_.fail("PATCH https://10.0.0.1:6443/api/v1/nodes/node-a: timed out after 15 s");
    EXPECT_THAT(told_, ElementsAre("closing node node-a for new pods: PATCH "
                                   "https://10.0.0.1:6443/api/v1/nodes/node-a: timed out after "
                                   "15 s"));
    EXPECT_EQ(state(), State::open);
    EXPECT_FALSE(changing());
}

TEST_F(SchedulingTest, what_was_done_without_an_answer_is_found_by_the_next_order) {
    observe();
    close();
    (void)node_.answer(api_.next()); // and the answer is lost
    api_.fail("connection reset");
    close({kCpu, kMemory});
    serve();
    EXPECT_EQ(told_.back(), "done");
    EXPECT_THAT(scheduling_->closure().causes, ElementsAre(kCpu, kMemory));
}

TEST_F(SchedulingTest, a_foreign_cordon_is_an_error_and_stays_as_it_is) {
    node_.change(kForeignCordon);
    observe();
    EXPECT_EQ(state(), State::foreigns);
    const Json before = node_.object;
    close();
    serve();
    open();
    serve();
    EXPECT_THAT(told_,
                ElementsAre("closing node node-a for new pods: somebody else has closed it already",
                            "opening node node-a for new pods: it is closed by somebody else, and "
                            "stays so"));
    EXPECT_THAT(codes_, ElementsAre(EEXIST, EEXIST));
    EXPECT_EQ(node_.object, before);
}

TEST_F(SchedulingTest, a_cordon_that_is_quicker_than_ours_stays_foreign) {
    observe();
    node_.change(kForeignCordon);
    close();
    serve();
    EXPECT_THAT(codes_, ElementsAre(EEXIST));
    EXPECT_EQ(state(), State::foreigns) << "the server has said so, whatever the mirror has";
    EXPECT_EQ(node_.mark(), "");
}

TEST_F(SchedulingTest, opens_only_what_is_still_ours) {
    observe();
    close();
    serve();
    observe();
    // Somebody opens it, cleans up, and closes it again for reasons of their own.
    node_.change({{"metadata", {{"annotations", nullptr}}}});
    open();
    serve();
    EXPECT_THAT(codes_, ElementsAre(0, EEXIST));
    EXPECT_TRUE(node_.isClosed());
    EXPECT_EQ(state(), State::foreigns);
}

TEST_F(SchedulingTest, others_who_keep_changing_the_node_are_given_way_to) {
    observe();
    close();
    int tries = 0;
    while (api_.pending() > 0) {
        ASSERT_LT(++tries, 50);
        node_.touch();
        api_.answer(node_.answer(api_.next()));
        node_.touch();
    }
    EXPECT_THAT(told_, ElementsAre(HasSubstr("others kept changing the Node, gave up after 5")));
    EXPECT_EQ(api_.requests.size(), 10U) << "five patches, and a look after each";
    EXPECT_FALSE(node_.isClosed());
    EXPECT_FALSE(changing());
}

TEST_F(SchedulingTest, a_change_by_others_meanwhile_is_looked_at_and_kept) {
    observe();
    node_.change({{"metadata", {{"labels", {{"a", "b"}}}}}});
    close();
    serve();
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_EQ(node_.object["metadata"]["labels"]["a"], "b");
    EXPECT_EQ(api_.requests.size(), 3U);
    EXPECT_TRUE(node_.isClosed());
}

TEST_F(SchedulingTest, a_node_that_the_mirror_does_not_know_is_asked_for) {
    close();
    EXPECT_EQ(state(), State::unknown);
    serve();
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_EQ(state(), State::ours);
}

TEST_F(SchedulingTest, without_a_node_there_is_nothing_to_close) {
    observe();
    scheduling_->observe(nullptr);
    EXPECT_EQ(state(), State::unknown);
    close();
    api_.answer(recorded("nodes/001-get-own-before-registration").answer);
    EXPECT_THAT(told_, ElementsAre("closing node node-a for new pods: 404 NotFound: nodes "
                                   "\"node-a\" not found"));
}

TEST_F(SchedulingTest, never_takes_another_node_for_its_own) {
    PlayedNode other;
    other.object["metadata"]["name"] = "node-b";
    other.change(annotated("{\"rules\":[\"p/r\"]}"));
    const StoredObject object = other.mirrored();
    scheduling_->observe(&object);
    EXPECT_EQ(state(), State::unknown);
    open();
    api_.answer(200, other.object.dump());
    EXPECT_THAT(told_, ElementsAre(HasSubstr("something that is not this Node")));
    for (const auto& request : api_.requests) {
        EXPECT_EQ(request.path, "/api/v1/nodes/node-a");
        EXPECT_EQ(request.method, http::Method::get);
    }
}

TEST_F(SchedulingTest, a_node_without_a_version_is_asked_for_before_it_is_changed) {
    StoredObject object = node_.mirrored();
    Json json = Json::parse(object.json);
    json["metadata"].erase("resourceVersion");
    object = {.resourceVersion = "", .json = json.dump()};
    scheduling_->observe(&object);
    close();
    EXPECT_EQ(api_.next().method, http::Method::get);
    serve();
    EXPECT_EQ(state(), State::ours);
}

TEST_F(SchedulingTest, a_name_that_leads_elsewhere_is_never_asked_for) {
    scheduling_ = std::make_unique<Scheduling>(api_, "../pods", std::nullopt);
    close();
    EXPECT_THAT(api_.requests, IsEmpty());
    EXPECT_THAT(told_, ElementsAre(HasSubstr("is no name of a Node")));
    EXPECT_FALSE(changing());
}

TEST_F(SchedulingTest, what_the_server_refuses_is_told_in_its_words) {
    observe();
    close();
    api_.answer(recorded("nodes/031-cordon-other").answer);
    close();
    api_.answer(recorded("misc/012-expired").answer);
    close();
    api_.answer(recorded("misc/052-etcd-hang-patch").answer);
    EXPECT_THAT(told_, ElementsAre(HasSubstr("403 Forbidden: nodes \"node-b\" is forbidden"),
                                   HasSubstr("401 Unauthorized"), HasSubstr("504 Timeout")));
    EXPECT_THAT(api_.requests, SizeIs(3)) << "and nothing is tried again";
}

TEST_F(SchedulingTest, an_answer_that_is_no_node_leaves_it_unknown_until_the_mirror_knows) {
    observe();
    close();
    api_.answer(200, "OK");
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_EQ(state(), State::unknown);
    observe();
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, nobody_is_told_who_has_gone) {
    observe();
    close();
    scheduling_.reset();
    EXPECT_EQ(api_.pending(), 0U);
    EXPECT_THAT(told_, IsEmpty());
}

TEST_F(SchedulingTest, may_be_destroyed_by_who_is_told) {
    observe();
    scheduling_->close({kCpu}, [this](const Result<void>&) { scheduling_.reset(); });
    open();
    api_.answer(node_.answer(api_.next()));
    EXPECT_EQ(scheduling_, nullptr);
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(SchedulingTest, orders_follow_one_another_and_each_is_told) {
    observe();
    close();
    open();
    close({kMemory});
    EXPECT_EQ(api_.pending(), 1U);
    serve();
    EXPECT_THAT(told_, ElementsAre("done", "done", "done"));
    EXPECT_THAT(scheduling_->closure().causes, ElementsAre(kMemory));
}

TEST_F(SchedulingTest, who_is_told_may_order_at_once) {
    observe();
    scheduling_->close({kCpu}, [this](const Result<void>& result) {
        take(result);
        open();
    });
    serve();
    EXPECT_THAT(told_, ElementsAre("done", "done"));
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, what_a_callback_throws_does_not_stop_the_next_order) {
    observe();
    scheduling_->close({kCpu}, [](const Result<void>&) { throw std::runtime_error("no"); });
    open();
    serve();
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_FALSE(changing());
}

TEST_F(SchedulingTest, closes_with_one_patch_that_sets_the_bit_and_the_mark) {
    observe();
    const auto version = node_.version();
    close({kCpu, kMemory});
    const auto& sent = api_.next();
    const auto took = recorded("nodes/035-patch-with-current-rv");
    EXPECT_EQ(http::name(sent.method), took.method);
    EXPECT_EQ(sent.path, took.path);
    EXPECT_EQ(sent.contentType, took.contentType);
    EXPECT_EQ(
        Json::parse(sent.body),
        (Json{{"metadata",
               {{"resourceVersion", version},
                {"annotations",
                 {{"plimsoll.org/cordon",
                   "{\"rules\":[\"waterline0/cpu-high\",\"waterline0/memory-high\"],\"since\":"
                   "\"2026-11-22T04:18:40Z\"}"}}}}},
              {"spec", {{"unschedulable", true}}}}));
}

TEST_F(SchedulingTest, opens_with_one_patch_that_takes_both_away) {
    node_.change(annotated("{\"rules\":[\"a/b\"]}"));
    observe();
    EXPECT_THAT(scheduling_->closure().causes, ElementsAre(RuleKey{"a", "b"}));
    open();
    const auto& sent = api_.next();
    EXPECT_EQ(sent.contentType, "application/json-patch+json");
    const std::string mark = "/metadata/annotations/plimsoll.org~1cordon";
    EXPECT_EQ(Json::parse(sent.body), Json::parse(R"([{"op":"test","path":")" + mark +
                                                  R"(","value":"{\"rules\":[\"a/b\"]}"},
                              {"op":"remove","path":")" +
                                                  mark + R"("},
                              {"op":"test","path":"/spec/unschedulable","value":true},
                              {"op":"remove","path":"/spec/unschedulable"}])"));
    serve();
    EXPECT_EQ(state(), State::open);
    EXPECT_EQ(node_.mark(), "");
    EXPECT_FALSE(node_.isClosed());
}

TEST_F(SchedulingTest, says_what_it_is_doing_and_at_once_what_came_of_it) {
    observe();
    EXPECT_FALSE(changing());
    close();
    EXPECT_TRUE(changing());
    EXPECT_EQ(state(), State::open);
    serve();
    EXPECT_FALSE(changing());
    EXPECT_EQ(state(), State::ours);
    EXPECT_THAT(scheduling_->closure().causes, ElementsAre(kCpu));
}

TEST_F(SchedulingTest, what_the_mirror_had_before_the_change_does_not_count_after_it) {
    const StoredObject first = node_.mirrored();
    node_.touch();
    observe();
    close();
    const StoredObject before = node_.mirrored();
    serve();
    scheduling_->observe(&before);
    EXPECT_EQ(state(), State::ours);
    scheduling_->observe(&first);
    EXPECT_EQ(state(), State::ours);
    node_.change(
        {{"spec", {{"unschedulable", nullptr}}}, {"metadata", {{"annotations", nullptr}}}});
    observe(); // past the version that was answered, which itself never came
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, once_the_mirror_has_caught_up_it_is_believed_also_when_it_goes_back) {
    const StoredObject old = node_.mirrored();
    observe();
    close();
    serve();
    observe();
    scheduling_->observe(&old); // the server's store was put back from a copy
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, versions_that_are_no_numbers_are_all_believed) {
    EXPECT_NO_THROW(observe());
    close();
    serve();
    StoredObject odd = node_.mirrored();
    odd.resourceVersion = "a-9";
    node_.change(kUncordon);
    odd.json = node_.mirrored().json;
    scheduling_->observe(&odd);
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, a_mark_that_is_brought_up_to_date_keeps_its_time) {
    node_.change(annotated("{\"rules\":[\"old/rule\"],\"since\":\"2026-01-01T00:00:00Z\"}"));
    observe();
    close({kCpu});
    serve();
    EXPECT_EQ(Json::parse(node_.mark()),
              (Json{{"rules", {"waterline0/cpu-high"}}, {"since", "2026-01-01T00:00:00Z"}}));
}

TEST_F(SchedulingTest, a_mark_that_nobody_can_read_is_ours_without_causes) {
    for (const std::string mark : {"", "true", "{", "[]", "{\"rules\":7}",
                                   "{\"rules\":[7,null,\"\",\"/\",\"a/\",\"/b\"]}"}) {
        node_.change(annotated(mark));
        observe();
        EXPECT_EQ(state(), State::ours) << mark;
        EXPECT_THAT(scheduling_->closure().causes, IsEmpty()) << mark;
        open();
        serve();
        EXPECT_EQ(state(), State::open) << mark;
        EXPECT_FALSE(node_.isClosed()) << mark;
    }
}

TEST_F(SchedulingTest, a_mark_holds_a_bounded_number_of_causes) {
    std::vector<RuleKey> causes;
    for (int i = 0; i < 1000; ++i) {
        causes.push_back({"p", std::to_string(i)});
    }
    observe();
    close(causes);
    serve();
    EXPECT_THAT(scheduling_->closure().causes, SizeIs(64));
}

TEST_F(SchedulingTest, what_is_left_of_ours_on_an_open_node_is_taken_away) {
    node_.change(annotated("{\"rules\":[\"a/b\"]}"));
    node_.change(kUncordon);
    observe();
    EXPECT_EQ(state(), State::open);
    EXPECT_TRUE(scheduling_->hasLeftover());
    open();
    EXPECT_EQ(Json::parse(api_.next().body).size(), 2U);
    serve();
    EXPECT_EQ(node_.mark(), "");
    EXPECT_FALSE(scheduling_->hasLeftover());
    EXPECT_THAT(told_, ElementsAre("done"));
}

TEST_F(SchedulingTest, an_open_node_is_opened_by_looking_at_it) {
    observe();
    const auto version = node_.version();
    open();
    serve();
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_EQ(node_.version(), version);
}

TEST_F(SchedulingTest, the_taint_comes_and_goes_with_the_cordon_and_leaves_others_alone) {
    use(kTaint);
    const Json before = taints();
    ASSERT_EQ(before.size(), 2U);
    observe();
    close();
    serve();
    ASSERT_EQ(taints().size(), 3U);
    EXPECT_EQ(taints()[2],
              (Json{{"key", "plimsoll.org/busy"}, {"value", "yes"}, {"effect", "NoSchedule"}}));
    observe();
    node_.change(
        {{"spec",
          {{"taints", Json::array({{{"key", "x"}, {"effect", "NoExecute"}}, taints()[2]})}}}});
    open();
    serve();
    EXPECT_EQ(taints(), Json::array({Json{{"key", "x"}, {"effect", "NoExecute"}}}));
    EXPECT_EQ(told_, (std::vector<std::string>{"done", "done"}));
    EXPECT_EQ(scheduling_->warning(), "");
}

TEST_F(SchedulingTest, the_last_taint_takes_its_list_with_it) {
    node_.change({{"spec", {{"taints", nullptr}}}});
    use(kTaint);
    close();
    serve();
    EXPECT_EQ(taints().size(), 1U);
    open();
    serve();
    EXPECT_FALSE(node_.object["spec"].contains("taints"));
}

TEST_F(SchedulingTest, credentials_that_may_not_taint_close_the_node_without_and_say_so_once) {
    use(kTaint);
    node_.mayChangeTaints = false;
    observe();
    close();
    serve();
    EXPECT_THAT(told_, ElementsAre("done"));
    EXPECT_EQ(scheduling_->warning(),
              "node node-a is closed without the taint plimsoll.org/busy: 403 Forbidden: nodes "
              "\"node-a\" is forbidden: node \"node-a\" is not allowed to modify taints");
    EXPECT_TRUE(node_.isClosed());
    EXPECT_EQ(Json::parse(node_.mark()).count("taint"), 0U);
    observe();
    close({kMemory});
    serve();
    EXPECT_EQ(scheduling_->warning(), "");
    open();
    serve();
    EXPECT_EQ(taints().size(), 2U);
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, a_taint_that_cannot_be_taken_away_does_not_keep_the_node_closed) {
    use(kTaint);
    close();
    serve();
    node_.mayChangeTaints = false; // other credentials
    use({});
    observe();
    open();
    serve();
    EXPECT_THAT(told_, ElementsAre("done", "done"));
    EXPECT_FALSE(node_.isClosed());
    EXPECT_THAT(scheduling_->warning(),
                HasSubstr("kubectl taint nodes node-a plimsoll.org/busy:NoSchedule-"));
}

TEST_F(SchedulingTest, a_taint_that_was_there_before_is_not_taken_for_ours) {
    const Json own{{"key", kTaint.key}, {"value", kTaint.value}, {"effect", kTaint.effect}};
    node_.change({{"spec", {{"taints", Json::array({own})}}}});
    use(kTaint);
    close();
    serve();
    EXPECT_EQ(taints(), Json::array({own}));
    open();
    serve();
    EXPECT_EQ(taints(), Json::array({own}));
    EXPECT_EQ(state(), State::open);
}

TEST_F(SchedulingTest, a_taint_of_an_earlier_configuration_is_taken_away) {
    use(kTaint);
    close();
    serve();
    use(TaintSetting{.key = "other", .value = "", .effect = "NoSchedule"});
    close();
    serve();
    ASSERT_EQ(taints().size(), 3U);
    EXPECT_EQ(taints()[2], (Json{{"key", "other"}, {"effect", "NoSchedule"}}));
    use({});
    open();
    serve();
    EXPECT_EQ(taints().size(), 2U);
}

/// Others cordon and uncordon at any moment, the mirror lags, answers are lost.
TEST_F(SchedulingTest, in_no_order_of_events_is_a_foreign_cordon_undone) {
    std::mt19937 random(7);
    const auto chance = [&random](unsigned of) { return random() % of == 0; };
    StoredObject seen = node_.mirrored();
    bool foreign = false; // the cordon that stands now was made by somebody else
    for (int i = 0; i < 2'000; ++i) {
        if (chance(3)) {
            scheduling_->observe(&seen);
        }
        if (chance(2)) {
            seen = node_.mirrored();
        }
        if (chance(10) && !node_.isClosed()) {
            // An administrator who sees our mark takes it away; otherwise it would pass for ours.
            node_.change(kForeignCordon);
            node_.change({{"metadata", {{"annotations", nullptr}}}});
            foreign = true;
        } else if (chance(10)) {
            node_.change(kUncordon);
            foreign = false;
        } else if (!changing() && chance(2)) {
            chance(2) ? close() : open();
        } else if (api_.pending() > 0) {
            const auto answer = node_.answer(api_.next());
            chance(5) ? api_.fail("lost") : api_.answer(answer);
        }
        ASSERT_TRUE(!foreign || node_.isClosed()) << i;
    }
    EXPECT_GT(told_.size(), 200U);
}

} // namespace
} // namespace plimsoll::kube
