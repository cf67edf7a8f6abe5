// SPDX-License-Identifier: Apache-2.0
// What the server does over time: streams, faults, going away and coming back.
#include "tests/integration/apiserver/recording.hpp"

#include <atomic>
#include <filesystem>
#include <gmock/gmock.h>
#include <thread>

namespace plimsoll::test {
namespace {

using apiserver::Json;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kPods = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a";
constexpr const char* kRules = "/apis/ensurance.crane.io/v1alpha1/nodeqoss";

Json rule(const std::string& name) {
    return {{"kind", "NodeQOS"},
            {"apiVersion", "ensurance.crane.io/v1alpha1"},
            {"metadata", {{"name", name}}},
            {"spec", {{"rules", Json::array()}}}};
}

class ServerLife : public testing::Test {
protected:
    ApiServer server;
    NodeClient node{server, server.clientPem()};
};

TEST_F(ServerLife, watch_delivers_what_changes_after_the_listed_version) {
    server.addPod("node-a", "default", "web-0");
    const auto list = node.get(kPods);
    ASSERT_EQ(list.status, 200) << list.text;
    const std::string version = list.body["metadata"]["resourceVersion"];
    std::thread later([&] {
        std::this_thread::sleep_for(200ms);
        server.addPod("node-a", "default", "web-1");
        server.addPod("node-b", "default", "other");
        server.erase("/api/v1/namespaces/default/pods/web-0");
    });
    const auto watch =
        node.get(std::string(kPods) + "&watch=1&timeoutSeconds=2&resourceVersion=" + version);
    later.join();
    const auto lines = linesOf(watch.text);
    ASSERT_EQ(lines.size(), 2U) << watch.text;
    EXPECT_EQ(lines[0]["type"], "ADDED");
    EXPECT_EQ(lines[0]["object"]["metadata"]["name"], "web-1");
    EXPECT_EQ(lines[1]["type"], "DELETED");
}

TEST_F(ServerLife, stopped_server_cuts_its_streams_and_comes_back_on_the_same_port) {
    server.addPod("node-a", "default", "web-0");
    const auto list = node.get(kPods);
    std::thread later([&] {
        std::this_thread::sleep_for(300ms);
        server.stop();
    });
    const auto watch = node.get(std::string(kPods) + "&watch=1&timeoutSeconds=20");
    later.join();
    EXPECT_EQ(watch.status, 0);
    EXPECT_EQ(node.get(kPods).status, 0);
    server.start();
    EXPECT_EQ(node.get(kPods).status, 200);
    const auto old = node.get(std::string(kPods) + "&watch=1&timeoutSeconds=1&resourceVersion=1");
    EXPECT_THAT(old.text, HasSubstr("\"code\":410"));
}

TEST_F(ServerLife, rules_are_forbidden_then_unknown_then_there) {
    EXPECT_EQ(node.get(kRules).status, 403);
    server.installNodeRole();
    EXPECT_EQ(node.get(kRules).status, 404);
    server.installDefinitions();
    server.apply(rule("waterline0"));
    const auto list = node.get(kRules);
    EXPECT_EQ(list.status, 200);
    EXPECT_EQ(list.body["items"][0]["kind"], "NodeQOS");
    server.removeNodeRole();
    EXPECT_EQ(node.get(kRules).status, 403);
}

TEST_F(ServerLife, evicted_pod_goes_after_its_grace) {
    server.addPod("node-a", "default", "web-0");
    const std::string pod = "/api/v1/namespaces/default/pods/web-0";
    const Json eviction = {{"apiVersion", "policy/v1"},
                           {"kind", "Eviction"},
                           {"metadata", {{"name", "web-0"}, {"namespace", "default"}}},
                           {"deleteOptions", {{"gracePeriodSeconds", 1}}}};
    EXPECT_EQ(node.send("POST", pod + "/eviction", eviction.dump()).status, 201);
    EXPECT_TRUE(server.get(pod)["metadata"].contains("deletionTimestamp"));
    for (int tries = 0; tries < 100 && !server.get(pod).is_null(); ++tries)
        std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(server.get(pod).is_null());
}

TEST_F(ServerLife, page_of_a_compacted_list_is_410_with_a_token_for_the_rest) {
    for (const char* name : {"web-0", "web-1", "web-2"})
        server.addPod("node-a", "default", name);
    const auto first = node.get(std::string(kPods) + "&limit=2");
    ASSERT_EQ(first.body["items"].size(), 2U) << first.text;
    const std::string next = first.body["metadata"]["continue"];
    server.addPod("node-a", "default", "web-3");
    const auto second = node.get(std::string(kPods) + "&limit=2&continue=" + next);
    EXPECT_EQ(second.body["items"].size(), 1U) << "the list as it was: " << second.text;
    server.compact();
    const auto expired = node.get(std::string(kPods) + "&limit=2&continue=" + next);
    EXPECT_EQ(expired.status, 410);
    EXPECT_EQ(expired.body["reason"], "Expired");
    const std::string rest = expired.body["metadata"]["continue"];
    const auto inconsistent = node.get(std::string(kPods) + "&limit=2&continue=" + rest);
    EXPECT_EQ(inconsistent.body["items"].size(), 2U) << inconsistent.text;
    EXPECT_EQ(node.get(std::string(kPods) + "&resourceVersionMatch=Exact&resourceVersion=1").status,
              410);
}

TEST_F(ServerLife, watch_of_rules_ends_after_its_definition_went) {
    server.installNodeRole();
    server.installDefinitions();
    server.apply(rule("waterline0"));
    std::thread later([&] {
        std::this_thread::sleep_for(300ms);
        server.removeDefinitions();
    });
    const auto watch = node.get(std::string(kRules) + "?watch=1&timeoutSeconds=30");
    later.join();
    const Json lines = linesOf(watch.text);
    ASSERT_EQ(lines.size(), 2U) << watch.text;
    EXPECT_EQ(lines[1]["type"], "DELETED");
    EXPECT_EQ(node.get(kRules).text, "404 page not found\n");
}

TEST_F(ServerLife, object_that_leaves_the_selector_is_deleted_in_the_watch) {
    server.installNodeRole();
    server.installDefinitions();
    Json object = rule("waterline0");
    object["metadata"]["labels"] = {{"tier", "a"}};
    server.apply(object);
    const std::string version = std::to_string(server.cluster().store().version());
    object["metadata"]["labels"] = {{"tier", "b"}};
    server.apply(object);
    const auto watch = node.get(std::string(kRules) + "?watch=1&timeoutSeconds=1&labelSelector=" +
                                "tier%3Da&resourceVersion=" + version);
    const Json lines = linesOf(watch.text);
    ASSERT_EQ(lines.size(), 1U) << watch.text;
    EXPECT_EQ(lines[0]["type"], "DELETED");
    EXPECT_EQ(lines[0]["object"]["metadata"]["labels"]["tier"], "a");
}

TEST_F(ServerLife, bookmarks_carry_the_progress_of_a_silent_watch) {
    server.cluster().bookmarkEvery = 200ms;
    const std::string version = std::to_string(server.cluster().store().version());
    server.addPod("node-b", "default", "other");
    const auto watch = node.get(std::string(kPods) + "&watch=1&timeoutSeconds=3" +
                                "&allowWatchBookmarks=true&resourceVersion=" + version);
    EXPECT_EQ(linesOf(watch.text).size(), 1U) << watch.text;
    EXPECT_THAT(watch.text, HasSubstr("BOOKMARK"));
}

TEST_F(ServerLife, faults_are_used_up_one_by_one) {
    server.fault({{"path", "^/api/v1/pods"},
                  {"times", 1},
                  {"then", {{"status", 503}, {"headers", {{"Retry-After", "1"}}}}}});
    server.fault({{"method", "GET"}, {"then", {{"close", true}}}});
    server.fault({{"method", "GET"}, {"then", {{"cutAfterBytes", 40}}}});
    const auto refused = node.get(kPods);
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.find("Retry-After")->second, "1");
    EXPECT_EQ(node.get(kPods).status, 0);
    EXPECT_EQ(node.get(kPods).status, 0);
    EXPECT_EQ(server.faults().left(), 0U);
    EXPECT_EQ(node.get(kPods).status, 200);
}

TEST_F(ServerLife, hanging_request_ends_with_the_server) {
    server.fault({{"then", {{"hang", true}}}});
    std::thread later([&] {
        std::this_thread::sleep_for(200ms);
        server.stop();
    });
    EXPECT_EQ(node.get(kPods).status, 0);
    later.join();
}

TEST_F(ServerLife, expired_and_foreign_certificates_are_unauthorized) {
    const auto expired = writtenPem(
        server, "expired", server.authority().client("system:node:node-a", "system:nodes", -1h));
    const auto foreign =
        writtenPem(server, "foreign",
                   apiserver::Authority("other").client("system:node:node-a", "system:nodes", 1h));
    for (const std::string& pem : {expired, foreign})
        EXPECT_EQ(NodeClient(server, pem).get(kPods).status, 401) << pem;
    EXPECT_EQ(NodeClient(server, "").get(kPods).status, 403);
}

TEST_F(ServerLife, certificate_that_expires_on_an_open_connection_is_refused) {
    server.rotate("node-a", 2s);
    NodeClient brief(server, server.clientPem());
    EXPECT_EQ(brief.get(kPods).status, 200);
    std::this_thread::sleep_for(3s);
    EXPECT_EQ(brief.get(kPods).status, 401);
}

TEST_F(ServerLife, rotation_leaves_a_link_to_a_new_file) {
    const auto before = std::filesystem::read_symlink(server.clientPem());
    server.rotate("node-a", 1h);
    EXPECT_NE(std::filesystem::read_symlink(server.clientPem()), before);
    EXPECT_EQ(NodeClient(server, server.clientPem()).get(kPods).status, 200);
}

TEST_F(ServerLife, old_server_shows_all_pods_and_takes_no_v1_eviction) {
    server.cluster().isOld = true;
    server.addPod("node-a", "default", "web-0");
    EXPECT_EQ(node.get("/api/v1/pods").status, 200);
    const std::string path = "/api/v1/namespaces/default/pods/web-0/eviction";
    const Json newer = {
        {"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", "web-0"}}}};
    EXPECT_EQ(node.send("POST", path, newer.dump()).status, 400);
    Json older = newer;
    older["apiVersion"] = "policy/v1beta1";
    EXPECT_EQ(node.send("POST", path, older.dump()).status, 201);
}

TEST_F(ServerLife, log_knows_who_asked_what_and_how_much_came) {
    node.get(kPods);
    std::vector<apiserver::Access> entries;
    for (int tries = 0; tries < 50 && (entries.empty() || entries[0].isOpen); ++tries) {
        std::this_thread::sleep_for(20ms); // it is written after the answer
        entries = server.log().entries();
    }
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].user, "system:node:node-a");
    EXPECT_EQ(entries[0].status, 200);
    EXPECT_GT(entries[0].bytesIn, 50U);
    EXPECT_GT(entries[0].bytesOut, 100U);
    EXPECT_EQ(server.log().count("GET", "/api/v1/pods"), 1U);
}

TEST_F(ServerLife, tokens_are_known_until_forgotten) {
    server.kubeconfigWithToken("example", "system:node:node-a", {"system:nodes"});
    NodeClient bearer(server, "");
    bearer.http().set_bearer_token_auth("example");
    EXPECT_EQ(bearer.get(kPods).status, 200);
    server.forgetToken("example");
    EXPECT_EQ(bearer.get(kPods).status, 401);
}

TEST_F(ServerLife, forty_watches_stand_side_by_side) {
    std::vector<std::thread> watchers;
    std::atomic<int> seen = 0;
    for (int number = 0; number < 40; ++number)
        watchers.emplace_back([&] {
            NodeClient one(server, server.clientPem());
            const auto watch = one.get(std::string(kPods) + "&watch=1&timeoutSeconds=4");
            seen += watch.text.contains("web-0") ? 1 : 0;
        });
    while (server.log().count("GET", "watch=1") < 40)
        std::this_thread::sleep_for(20ms);
    server.addPod("node-a", "default", "web-0");
    for (std::thread& watcher : watchers)
        watcher.join();
    EXPECT_EQ(seen, 40);
}

} // namespace
} // namespace plimsoll::test
