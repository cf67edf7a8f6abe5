// SPDX-License-Identifier: Apache-2.0
// What the server does over time: streams, faults, going away and coming back.
#include "tests/integration/apiserver/client.hpp"

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

/// The lines of one watch, read to its end.
std::vector<Json> linesOf(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(Json::parse(line));
    return lines;
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

} // namespace
} // namespace plimsoll::test
