// SPDX-License-Identifier: Apache-2.0
#include "fake_api.hpp"
#include "kube/actions/event_object.hpp"
#include "kube/actions/events.hpp"
#include "kube/actions/text.hpp"
#include "kube/actions/token_bucket.hpp"
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

EventNote aboutNode(const std::string& message) {
    return {.warning = true, .reason = "AvoidanceTriggered", .message = message};
}

EventNote aboutPod(const std::string& message, const std::string& pod = "web-0") {
    return {.warning = false,
            .reason = "Throttled",
            .message = message,
            .namespaceName = "shop",
            .podName = pod,
            .podUid = "08fff7fe"};
}

class EventsTest : public testing::Test {
protected:
    void record(const EventNote& note) { recorder_->record(note); }
    void accept() { api_.answer(recorded("events/001-core-node-event").answer); }
    void acceptAll() {
        while (api_.pending() > 0) {
            accept();
        }
    }
    Json body(std::size_t request) { return Json::parse(api_.requests.at(request).body); }
    bool runUntilAsked() {
        return loop_.runUntil([this] { return api_.pending() > 0; });
    }

    Loop loop_;
    FakeApi api_;
    WallTime now_{1795321120s}; // 2026-11-22T04:18:40Z
    std::unique_ptr<EventRecorder> recorder_ =
        std::make_unique<EventRecorder>(loop_.raw(), api_, "node-a", [this] { return now_; });
};

TEST_F(EventsTest, while_the_server_is_silent_the_queue_is_bounded_and_the_rest_is_counted) {
    for (int i = 0; i < 250; ++i) {
        record(aboutPod("throttled", "web-" + std::to_string(i)));
    }
    EXPECT_EQ(api_.requests.size(), 1U) << "one after the other";
    EXPECT_EQ(recorder_->counts().dropped, 150U);
}

TEST_F(EventsTest, a_burst_is_sent_and_then_only_one_every_five_seconds) {
    for (int i = 0; i < 60; ++i) {
        record(aboutPod("throttled", "web-" + std::to_string(i)));
    }
    acceptAll();
    EXPECT_EQ(recorder_->counts().created, 25U);
    EXPECT_EQ(recorder_->counts().dropped, 0U) << "the others wait";
}

TEST_F(EventsTest, what_fails_is_tried_once_more) {
    record(aboutNode("one"));
    record(aboutNode("two"));
    api_.fail("timed out after 15 s");
    EXPECT_EQ(api_.pending(), 0U) << "not at once";
    ASSERT_TRUE(runUntilAsked());
    EXPECT_EQ(body(0).at("metadata"), body(1).at("metadata")) << "of the same name";
    api_.answer(503);
    EXPECT_EQ(recorder_->counts().failed, 1U);
    ASSERT_EQ(api_.pending(), 1U);
    EXPECT_EQ(body(2).at("message"), "two");
    accept();
    EXPECT_EQ(recorder_->counts().created, 1U);
}

TEST_F(EventsTest, an_event_whose_answer_was_lost_is_there) {
    record(aboutNode("one"));
    api_.fail("connection reset");
    ASSERT_TRUE(runUntilAsked());
    api_.answer(recorded("events/003-core-again").answer);
    EXPECT_EQ(recorder_->counts().created, 1U);
    EXPECT_EQ(recorder_->counts().failed, 0U);
}

TEST_F(EventsTest, a_namespace_that_takes_none_gets_none) {
    record(aboutPod("throttled"));
    api_.answer(recorded("events/008-core-missing-ns").answer);
    record(aboutPod("throttled"));
    api_.answer(403, "{}");
    EXPECT_EQ(recorder_->counts().dropped, 2U);
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(EventsTest, an_event_that_is_refused_is_not_tried_again) {
    record(aboutNode("one"));
    api_.answer(recorded("events/006-core-ns-mismatch").answer);
    EXPECT_EQ(recorder_->counts().failed, 1U);
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(EventsTest, an_event_that_the_server_has_forgotten_is_created_anew) {
    record(aboutNode("one"));
    accept();
    record(aboutNode("one"));
    EXPECT_EQ(api_.next().method, http::Method::patch);
    api_.answer(404, "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}");
    ASSERT_EQ(api_.pending(), 1U);
    EXPECT_EQ(api_.next().method, http::Method::post);
    EXPECT_NE(body(2).at("metadata").at("name"), body(0).at("metadata").at("name"));
    EXPECT_EQ(body(2).at("count"), 2);
    accept();
    EXPECT_EQ(recorder_->counts().created, 2U);
    EXPECT_EQ(recorder_->counts().failed, 0U);
}

TEST_F(EventsTest, names_that_lead_elsewhere_are_not_asked_for) {
    auto bad = aboutPod("throttled");
    bad.namespaceName = "../x";
    record(bad);
    record(aboutPod("throttled", "good"));
    EXPECT_EQ(recorder_->counts().failed, 1U);
    EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(EventsTest, nothing_happens_after_its_end) {
    record(aboutNode("one"));
    record(aboutNode("two"));
    recorder_.reset();
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(EventsTest, says_about_the_node_what_the_server_took) {
    record(aboutNode("cpu_total_usage above waterline, node cordoned"));
    const auto took = recorded("events/001-core-node-event");
    EXPECT_EQ(http::name(api_.next().method), took.method);
    EXPECT_EQ(api_.next().path, took.path);
    EXPECT_EQ(api_.next().contentType, took.contentType);
    Json expected = Json::parse(took.body);
    expected["metadata"]["name"] = body(0).at("metadata").at("name");
    expected["reason"] = "AvoidanceTriggered";
    expected["source"]["component"] = "plimsolld";
    expected["reportingComponent"] = "plimsolld";
    expected["reportingInstance"] = "node-a";
    EXPECT_EQ(body(0), expected);
}

TEST_F(EventsTest, says_about_a_pod_in_the_namespace_of_the_pod) {
    record(aboutPod("throttled to 153m"));
    EXPECT_EQ(api_.next().path, "/api/v1/namespaces/shop/events");
    EXPECT_EQ(body(0).at("metadata").at("namespace"), "shop");
    EXPECT_EQ(body(0).at("involvedObject"), (Json{{"apiVersion", "v1"},
                                                  {"kind", "Pod"},
                                                  {"namespace", "shop"},
                                                  {"name", "web-0"},
                                                  {"uid", "08fff7fe"}}));
    EXPECT_EQ(body(0).at("type"), "Normal");
}

TEST_F(EventsTest, a_repetition_counts_up_what_the_server_has) {
    record(aboutNode("cpu at 6123m"));
    accept();
    now_ += 90s;
    record(aboutNode("cpu at 7001m"));
    const auto took = recorded("events/002-core-count-patch");
    EXPECT_EQ(http::name(api_.next().method), took.method);
    EXPECT_EQ(api_.next().contentType, took.contentType);
    EXPECT_EQ(api_.next().path, "/api/v1/namespaces/default/events/" +
                                    body(0).at("metadata").at("name").get<std::string>());
    EXPECT_EQ(body(1), (Json{{"count", 2},
                             {"lastTimestamp", "2026-11-22T04:20:10Z"},
                             {"message", "cpu at 7001m"}}));
    accept();
    EXPECT_EQ(recorder_->counts().created, 1U);
    EXPECT_EQ(recorder_->counts().repeated, 1U);
}

TEST_F(EventsTest, what_is_repeated_while_it_waits_is_sent_once) {
    record(aboutNode("first"));
    for (int i = 0; i < 1'000; ++i) {
        record(aboutNode("cpu at " + std::to_string(i)));
    }
    accept();
    EXPECT_EQ(body(1).at("count"), 1'000);
    EXPECT_EQ(body(1).at("message"), "cpu at 999");
    accept();
    EXPECT_EQ(api_.requests.size(), 2U);
    EXPECT_EQ(recorder_->counts().dropped, 0U);
}

TEST_F(EventsTest, what_is_repeated_while_it_is_on_its_way_is_counted_up_afterwards) {
    record(aboutNode("one"));
    record(aboutNode("one"));
    record(aboutNode("one"));
    EXPECT_EQ(body(0).at("count"), 1);
    accept();
    ASSERT_EQ(api_.pending(), 1U);
    EXPECT_EQ(body(1).at("count"), 3);
    accept();
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(EventsTest, many_different_ones_are_not_all_remembered) {
    for (int i = 0; i < 2'000; ++i) {
        record(aboutPod("throttled", "web-" + std::to_string(i)));
        acceptAll();
    }
    EXPECT_EQ(recorder_->counts().created, 25U);
    EXPECT_EQ(recorder_->counts().dropped, 2'000U - 25U - 100U);
}

TEST(EventObject, names_tell_notes_apart_and_other_numbers_do_not) {
    const auto same = [](const std::string& one, const std::string& other) {
        return seriesKey(aboutNode(one)) == seriesKey(aboutNode(other));
    };
    EXPECT_TRUE(same("cpu at 6123m of 8000m (76.5 %)", "cpu at 7m of 8000m (1 %)"));
    EXPECT_TRUE(same("'153000 100000'", "'5 100000'"));
    EXPECT_FALSE(same("evicting shop/web-1", "evicting shop/web-2"));
    EXPECT_FALSE(same("probe of 10.0.0.1", "probe of 10.0.0.2"));
    EXPECT_FALSE(same("rule p/r1", "rule p/r2"));
    EXPECT_NE(seriesKey(aboutPod("x", "a")), seriesKey(aboutPod("x", "b")));
    EXPECT_NE(seriesKey(aboutPod("x")), seriesKey(aboutNode("x")));
    auto other = aboutPod("x");
    other.podUid = "another";
    EXPECT_NE(seriesKey(aboutPod("x")), seriesKey(other));
}

TEST(EventObject, has_a_valid_name_whatever_the_object_is_called) {
    EXPECT_EQ(eventName(aboutNode(""), "node-a", 0x17aa), "node-a.00000000000017aa");
    for (std::size_t length = 1; length <= 253; ++length) {
        std::string pod;
        while (pod.size() < length) {
            pod += "a-.";
        }
        pod.resize(length);
        const auto name = eventName(aboutPod("", pod.substr(0, pod.find_last_of('a') + 1)), "n", 1);
        EXPECT_LE(name.size(), 253U);
        EXPECT_EQ(name.find(".."), std::string::npos) << name;
        EXPECT_EQ(name.find("-.0"), std::string::npos) << name;
    }
}

TEST(EventObject, a_text_is_cut_between_two_characters) {
    for (std::size_t length = 0; length < 40; ++length) {
        std::string text(length, 'x');
        for (int i = 0; i < 20; ++i) {
            text += "é";
        }
        const auto cut = shortened(text, 40);
        EXPECT_LE(cut.size(), 40U);
        EXPECT_NO_THROW((void)Json(cut).dump()) << cut; // throws for what is no UTF-8
        EXPECT_EQ(cut == text, text.size() <= 40) << length;
    }
    EXPECT_EQ(shortened("", 40), "");
    EXPECT_EQ(shortened("\xff", 40), "\xef\xbf\xbd");
    EXPECT_LE(shortened(std::string(40, '\xff'), 40).size(), 40U);
}

TEST(TokenBucket, allows_a_burst_and_then_its_rate) {
    const MonotonicTime start{100s};
    TokenBucket bucket(3, 5s, start);
    EXPECT_TRUE(bucket.take(start) && bucket.take(start) && bucket.take(start));
    EXPECT_FALSE(bucket.take(start));
    EXPECT_EQ(bucket.wait(start), 5s);
    EXPECT_EQ(bucket.wait(start + 4s), 1s);
    EXPECT_TRUE(bucket.take(start + 5s));
    EXPECT_FALSE(bucket.take(start + 9s));
    const auto later = start + 1h;
    EXPECT_TRUE(bucket.take(later) && bucket.take(later) && bucket.take(later));
    EXPECT_FALSE(bucket.take(later)) << "no more than the burst is saved up";
    EXPECT_FALSE(bucket.take(start)) << "and time does not go back";
}

} // namespace
} // namespace plimsoll::kube
