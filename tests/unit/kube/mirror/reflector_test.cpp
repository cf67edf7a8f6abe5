// SPDX-License-Identifier: Apache-2.0
// When is asked again, and what for.
#include "driver.hpp"

#include <gmock/gmock.h>

namespace plimsoll::kube::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;

std::string rule(const std::string& name, const std::string& version = "5") {
    return R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" + version +
           R"("},"spec":{}})";
}

std::string event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string bookmark(const std::string& version) {
    return event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version + R"("}})");
}

std::string initialEnd(const std::string& version) {
    return event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version +
                                 R"(","annotations":{"k8s.io/initial-events-end":"true"}}})");
}

std::string list(const std::string& version, const std::string& items,
                 const std::string& continueToken = {}) {
    return R"({"apiVersion":"ensurance.crane.io/v1alpha1","items":[)" + items +
           R"(],"kind":"NodeQOSList","metadata":{"continue":")" + continueToken +
           R"(","resourceVersion":")" + version + R"("}})";
}

std::string status(int code, const std::string& reason) {
    return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":")" +
           reason + R"(","code":)" + std::to_string(code) + "}";
}

class ReflectorTest : public testing::Test {
protected:
    /// A watch is open, from version 10 on; one object is known.
    void follow() {
        driver.ask();
        driver.send(event("ADDED", rule("a")) + initialEnd("10"));
        ASSERT_TRUE(driver.state().following);
        driver.now += minutes(6);
        driver.end();
        driver.ask();
        driver.reflector.takeChanged();
    }

    Driver driver{Kind::nodeQos};
};

TEST_F(ReflectorTest, begins_with_a_streaming_list_out_of_the_cache) {
    EXPECT_THAT(driver.ask(),
                AllOf(HasSubstr("sendInitialEvents=true"), HasSubstr("resourceVersion=0"),
                      HasSubstr("resourceVersionMatch=NotOlderThan"),
                      HasSubstr("allowWatchBookmarks=true")));
    EXPECT_EQ(driver.waited, milliseconds(0));
}

TEST_F(ReflectorTest, an_old_server_is_asked_for_a_list_at_once_and_never_for_a_stream_again) {
    EXPECT_THAT(driver.askForList(), HasSubstr("nodeqoss?resourceVersion=0&limit=500"));
    EXPECT_EQ(driver.waited, milliseconds(0));
    EXPECT_EQ(driver.state().problem, "");
    driver.answer(list("10", rule("a")));
    EXPECT_THAT(driver.ask(), HasSubstr("watch=1"));
    driver.send(event("ERROR", status(410, "Expired")));
    driver.end();
    EXPECT_THAT(driver.ask(), AllOf(Not(HasSubstr("sendInitialEvents")),
                                    HasSubstr("resourceVersion=10&resourceVersionMatch=NotOlder")));
}

TEST_F(ReflectorTest, what_is_not_in_a_list_is_removed_when_the_list_is_complete) {
    driver.store.of(Kind::nodeQos)["gone"] = {.resourceVersion = "1", .json = "{}"};
    driver.ask();
    driver.send(event("ADDED", rule("a")));
    EXPECT_THAT(driver.keys(), ElementsAre("gone")) << "not before";
    EXPECT_FALSE(driver.state().listed);
    driver.send(initialEnd("10"));
    EXPECT_THAT(driver.keys(), ElementsAre("a"));
    EXPECT_TRUE(driver.state().listed);
}

TEST_F(ReflectorTest, a_list_in_pages_counts_when_the_last_has_come) {
    driver.askForList();
    driver.answer(list("10", rule("a"), "more/="));
    EXPECT_THAT(driver.keys(), IsEmpty());
    EXPECT_THAT(driver.ask(), HasSubstr("limit=500&continue=more%2F%3D"));
    driver.answer(list("10", rule("b")));
    EXPECT_THAT(driver.keys(), ElementsAre("a", "b"));
}

TEST_F(ReflectorTest, a_page_that_expired_begins_the_list_anew_and_in_one_piece) {
    driver.askForList();
    driver.answer(list("10", rule("a"), "more"));
    driver.ask();
    driver.refuse(410, status(410, "Expired"));
    EXPECT_THAT(driver.ask(), testing::EndsWith("nodeqoss"));
    driver.answer(list("12", rule("b")));
    EXPECT_THAT(driver.keys(), ElementsAre("b"));
}

TEST_F(ReflectorTest, pages_without_end_are_no_list) {
    driver.askForList();
    for (int i = 0; i < 99; ++i) {
        driver.answer(list("10", "", "more"));
        ASSERT_THAT(driver.ask(), HasSubstr("continue=")) << i;
    }
    driver.answer(list("10", "", "more"));
    EXPECT_THAT(driver.state().problem, HasSubstr("more than 100 pages"));
    EXPECT_THAT(driver.ask(), Not(HasSubstr("continue=")));
}

TEST_F(ReflectorTest, a_list_that_breaks_off_changes_nothing) {
    driver.store.of(Kind::nodeQos)["kept"] = {.resourceVersion = "1", .json = "{}"};
    driver.askForList();
    driver.send(R"({"apiVersion":"ensurance.crane.io/v1alpha1","items":[)" + rule("a") + ",");
    driver.end();
    EXPECT_THAT(driver.state().problem, HasSubstr("ended within the list"));
    EXPECT_THAT(driver.keys(), ElementsAre("kept"));
}

TEST_F(ReflectorTest, another_list_than_the_one_that_was_asked_for_is_refused) {
    driver.askForList();
    driver.answer(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":)"
                  R"({"resourceVersion":"1"},"rows":[]})");
    EXPECT_THAT(driver.state().problem, HasSubstr("no NodeQOSList"));
    EXPECT_FALSE(driver.state().listed);
}

TEST_F(ReflectorTest, backs_off_from_0_8_s_to_30_s_and_begins_anew_after_two_good_minutes) {
    driver.dice = 1; // the longest of each
    driver.ask();
    std::vector<milliseconds::rep> waits;
    for (int i = 0; i < 8; ++i) {
        driver.lose();
        driver.ask();
        waits.push_back(driver.waited.count());
    }
    EXPECT_THAT(waits, ElementsAre(800, 1600, 3200, 6400, 12800, 25600, 30000, 30000));
    driver.now += minutes(3);
    driver.lose();
    driver.ask();
    EXPECT_EQ(driver.waited, milliseconds(800));
}

TEST_F(ReflectorTest, the_dice_spread_a_back_off_over_its_upper_half) {
    driver.dice = 0;
    driver.ask();
    driver.lose();
    driver.ask();
    EXPECT_EQ(driver.waited, milliseconds(400));
}

TEST_F(ReflectorTest, a_retry_after_is_waited_for) {
    follow();
    driver.end({.status = 429,
                .contentType = "text/plain",
                .body = "Too many requests",
                .retryAfter = seconds(17)});
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=10&"));
    EXPECT_EQ(driver.waited, seconds(17));
    driver.end({.status = 503, .retryAfter = seconds(1'000'000)});
    driver.ask();
    EXPECT_EQ(driver.waited, seconds(300)) << "within reason";
}

TEST_F(ReflectorTest, resumes_from_the_last_version_after_every_end) {
    follow();
    driver.send(event("MODIFIED", rule("a", "11")));
    driver.lose();
    EXPECT_THAT(driver.ask(), HasSubstr("watch=1&allowWatchBookmarks=true&resourceVersion=11&"));
    driver.send(bookmark("15"));
    driver.now += minutes(5);
    driver.end();
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=15&"));
    EXPECT_THAT(driver.waited, Le(seconds(1)));
    driver.send(event("DELETED", rule("a", "19")));
    driver.send(R"({"type":"ADDED","object":)"); // and cut off
    driver.lose();
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=19&"));
    EXPECT_THAT(driver.keys(), IsEmpty());
}

TEST_F(ReflectorTest, watches_are_asked_to_last_five_to_ten_minutes) {
    driver.dice = 0;
    EXPECT_THAT(driver.ask(), HasSubstr("timeoutSeconds=300"));
    driver.lose();
    driver.dice = 1;
    EXPECT_THAT(driver.ask(), HasSubstr("timeoutSeconds=600"));
}

TEST_F(ReflectorTest, a_watch_that_ends_at_once_is_not_resumed_at_once) {
    follow();
    driver.end();
    driver.ask();
    EXPECT_THAT(driver.waited, Ge(milliseconds(400)));
}

TEST_F(ReflectorTest, a_watch_that_is_silent_longer_than_it_was_to_last_is_dead) {
    follow();
    driver.now = driver.reflector.wake();
    EXPECT_EQ(driver.reflector.advance(driver.now), Reflector::Todo::giveUp);
    driver.reflector.giveUp(driver.now, 0.5);
    EXPECT_FALSE(driver.state().following);
    EXPECT_THAT(driver.state().problem, HasSubstr("the connection is dead"));
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=10&"));
}

TEST_F(ReflectorTest, a_streaming_list_that_is_not_finished_is_given_up_for_a_list) {
    driver.ask();
    driver.send(event("ADDED", rule("a")));
    driver.now += seconds(10);
    ASSERT_EQ(driver.reflector.advance(driver.now), Reflector::Todo::giveUp);
    driver.reflector.giveUp(driver.now, 0.5);
    EXPECT_THAT(driver.keys(), IsEmpty());
    EXPECT_THAT(driver.ask(), HasSubstr("nodeqoss?resourceVersion=0&limit=500"));
}

TEST_F(ReflectorTest, lists_anew_within_an_hour_however_quiet_the_watches_are) {
    follow(); // as after a restored etcd: silent for ever
    const MonotonicTime begin = driver.now;
    std::string path;
    do {
        driver.now += minutes(7);
        driver.end();
        path = driver.ask();
    } while (path.find("sendInitialEvents") == std::string::npos &&
             driver.now - begin < std::chrono::hours(3));
    EXPECT_THAT(driver.now - begin, AllOf(Ge(minutes(20)), Le(minutes(70))));
    driver.refuse(504, R"({"kind":"Status","code":504,"reason":"Timeout","details":{"causes":)"
                       R"([{"reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1}})");
    EXPECT_THAT(driver.ask(), testing::EndsWith("nodeqoss?limit=500")) << "what etcd has now";
    driver.answer(list("3", rule("b", "2")));
    EXPECT_THAT(driver.keys(), ElementsAre("b"));
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=3&"));
}

TEST_F(ReflectorTest, a_403_keeps_what_is_known_and_is_asked_for_more_and_more_slowly) {
    follow();
    driver.dice = 1;
    driver.end();
    for (int i = 0; i < 12; ++i) {
        driver.ask();
        driver.refuse(403, status(403, "Forbidden"));
        ASSERT_THAT(driver.keys(), ElementsAre("a"));
    }
    EXPECT_THAT(driver.state().problem, HasSubstr("403 Forbidden"));
    EXPECT_FALSE(driver.state().following);
    driver.ask();
    EXPECT_EQ(driver.waited, seconds(60)) << "somebody has to allow it first";
    driver.send(bookmark("12"));
    EXPECT_TRUE(driver.state().following);
    EXPECT_EQ(driver.state().problem, "");
}

TEST_F(ReflectorTest, a_403_of_a_server_that_starts_is_asked_again_soon) {
    follow();
    driver.refuse(403, status(403, "Forbidden"));
    driver.ask();
    EXPECT_THAT(driver.waited, Le(milliseconds(800)));
}

TEST_F(ReflectorTest, a_crd_that_is_not_there_yet_is_looked_for_slowly) {
    driver.ask();
    driver.refuse(404, "404 page not found\n", "text/plain");
    EXPECT_THAT(driver.state().problem, HasSubstr("the CRD of NodeQOS"));
    EXPECT_TRUE(driver.state().listed) << "the cluster has none";
    driver.ask();
    EXPECT_THAT(driver.waited, AllOf(Ge(seconds(30)), Le(seconds(60))));
    driver.send(event("ADDED", rule("a")) + initialEnd("10"));
    EXPECT_THAT(driver.keys(), ElementsAre("a"));
    EXPECT_EQ(driver.state().problem, "");
}

TEST_F(ReflectorTest, what_is_known_goes_when_the_crd_is_missing_twice) {
    follow();
    driver.end();
    driver.ask();
    driver.refuse(404, "404 page not found\n", "text/plain");
    EXPECT_THAT(driver.keys(), ElementsAre("a")) << "a server that starts may not know it yet";
    driver.ask();
    driver.refuse(404, "404 page not found\n", "text/plain");
    EXPECT_THAT(driver.keys(), IsEmpty());
}

TEST_F(ReflectorTest, a_missing_node_or_pod_list_drops_nothing) {
    Driver pods(Kind::pod);
    pods.store.of(Kind::pod)["default/a"] = {.resourceVersion = "1", .json = "{}"};
    for (int i = 0; i < 3; ++i) {
        pods.ask();
        pods.refuse(404, "404 page not found\n", "text/plain");
    }
    EXPECT_THAT(pods.keys(), ElementsAre("default/a"));
    EXPECT_FALSE(pods.state().listed);
}

TEST_F(ReflectorTest, a_version_that_the_server_does_not_take_is_given_up_after_three_watches) {
    follow();
    for (int i = 0; i < 2; ++i) {
        driver.refuse(500, status(500, ""));
        ASSERT_THAT(driver.ask(), Not(HasSubstr("sendInitialEvents")));
    }
    driver.refuse(500, status(500, ""));
    EXPECT_THAT(driver.ask(), HasSubstr("sendInitialEvents"));
}

TEST_F(ReflectorTest, a_watch_that_is_refused_in_its_stream_is_asked_again) {
    follow();
    EXPECT_FALSE(driver.send(event("ERROR", status(429, "TooManyRequests"))));
    driver.lose();
    EXPECT_THAT(driver.state().problem, HasSubstr("429"));
    EXPECT_THAT(driver.ask(), HasSubstr("resourceVersion=10&"));
}

TEST_F(ReflectorTest, a_line_that_is_no_event_makes_it_list_anew) {
    follow();
    EXPECT_FALSE(driver.send("<html>\n"));
    driver.lose();
    EXPECT_THAT(driver.ask(), HasSubstr("sendInitialEvents"));
    EXPECT_THAT(driver.keys(), ElementsAre("a"));
}

TEST_F(ReflectorTest, an_object_that_is_too_large_is_left_out_and_told) {
    driver.ask();
    const std::string large = R"({"metadata":{"name":"big","resourceVersion":"6"},"spec":{"x":")" +
                              std::string(kLargestObject + 2000, 'x') + R"("}})";
    driver.send(event("ADDED", large) + event("ADDED", rule("a")) + initialEnd("10"));
    EXPECT_THAT(driver.keys(), ElementsAre("a"));
    EXPECT_THAT(driver.state().problem, HasSubstr("1.5 MiB"));
    EXPECT_TRUE(driver.state().following);
}

TEST_F(ReflectorTest, no_more_objects_are_kept_than_there_is_room_for) {
    driver.ask();
    for (std::size_t i = 0; i < kMostStored + 5; ++i) {
        driver.send(event("ADDED", rule("r" + std::to_string(i))));
    }
    driver.send(initialEnd("10"));
    EXPECT_EQ(driver.keys().size(), kMostStored);
    EXPECT_THAT(driver.state().problem, HasSubstr("more objects than are stored"));
    driver.send(event("ADDED", rule("one-more", "11")));
    EXPECT_EQ(driver.keys().size(), kMostStored);
}

TEST_F(ReflectorTest, of_250_pods_of_20_kib_less_than_200_kib_are_stored) {
    Driver pods(Kind::pod, 16'384);
    const std::string ballast = std::string(20'000, 'x');
    std::string items;
    for (int i = 0; i < 250; ++i) {
        items +=
            (i == 0 ? "" : ",") + std::string(R"({"metadata":{"name":"p)") + std::to_string(i) +
            R"(","namespace":"n","uid":"u","resourceVersion":"1","labels":{"app":"web"}},)" +
            R"("spec":{"nodeName":"node-a","containers":[{"name":"c","resources":{"requests":)" +
            R"({"cpu":"1"}},"env":[{"name":"A","value":")" + ballast + R"("}]}]}})";
    }
    pods.askForList();
    pods.answer(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},)"
                R"("items":[)" +
                items + "]}");
    std::size_t bytes = 0;
    for (const auto& [key, object] : pods.store.of(Kind::pod)) {
        bytes += key.size() + object.json.size();
    }
    EXPECT_EQ(pods.keys().size(), 250U);
    EXPECT_LT(bytes, std::size_t{200} * 1024);
}

TEST_F(ReflectorTest, only_what_matters_counts_as_changed) {
    follow();
    driver.send(event("MODIFIED", rule("a", "11")));
    driver.send(bookmark("12"));
    auto changed = driver.reflector.takeChanged();
    EXPECT_FALSE(changed.objects);
    EXPECT_FALSE(changed.state);
    driver.send(event("ADDED", rule("b", "13")));
    changed = driver.reflector.takeChanged();
    EXPECT_TRUE(changed.objects);
    EXPECT_FALSE(driver.reflector.takeChanged().objects) << "told once";
    driver.lose();
    EXPECT_TRUE(driver.reflector.takeChanged().state);
}

TEST_F(ReflectorTest, a_quiet_watch_counts_as_accepted_after_a_while) {
    follow();
    driver.lose("no route");
    driver.ask();
    EXPECT_FALSE(driver.state().following);
    EXPECT_EQ(driver.state().problem, "no route");
    driver.now += seconds(15);
    EXPECT_EQ(driver.reflector.wake(), driver.now);
    EXPECT_EQ(driver.reflector.advance(driver.now), Reflector::Todo::wait);
    EXPECT_TRUE(driver.state().following);
    EXPECT_EQ(driver.state().problem, "");
}

TEST_F(ReflectorTest, a_pod_of_another_node_is_never_stored) {
    const auto pod = [](const std::string& node, const std::string& version) {
        return R"({"metadata":{"name":"p","namespace":"n","resourceVersion":")" + version +
               R"("},"spec":{"nodeName":")" + node + R"("}})";
    };
    Driver pods(Kind::pod);
    pods.ask();
    pods.send(event("ADDED", pod("node-b", "1")) + initialEnd("10"));
    EXPECT_THAT(pods.keys(), IsEmpty());
    pods.send(event("ADDED", pod("node-a", "11")));
    EXPECT_THAT(pods.keys(), ElementsAre("n/p"));
    pods.send(event("MODIFIED", pod("node-b", "12")));
    EXPECT_THAT(pods.keys(), IsEmpty());
}

TEST_F(ReflectorTest, another_node_is_never_stored) {
    Driver nodes(Kind::node);
    nodes.ask();
    nodes.send(event("ADDED", R"({"metadata":{"name":"node-b","resourceVersion":"1"}})") +
               event("ADDED", R"({"metadata":{"name":"node-a","resourceVersion":"2"}})") +
               initialEnd("10"));
    EXPECT_THAT(nodes.keys(), ElementsAre("node-a"));
}

} // namespace
} // namespace plimsoll::kube::test
