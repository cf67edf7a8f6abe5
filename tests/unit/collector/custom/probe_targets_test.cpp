// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_targets.hpp"

#include <gmock/gmock.h>

namespace plimsoll::collector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool isBuiltin(std::string_view name) {
    return name == "memory_total_usage";
}

Rule rule(std::string metric) {
    Rule result;
    result.metric = std::move(metric);
    return result;
}

Pod pod(std::string name, std::string ip) {
    Pod result;
    result.namespaceName = "shop";
    result.uid = PodUid("uid-" + name);
    result.name = std::move(name);
    result.ip = std::move(ip);
    result.qosClass = QosClass::burstable;
    result.labels = {{"app", "cart"}, {"pod", "disguise"}};
    return result;
}

/// One NodeQOS and one PodQOS, which selects every pod.
PolicySet policies() {
    PolicySet policy;
    NodeQos node;
    node.name = "web";
    node.probe = HttpProbe{.port = 9100, .path = "/metrics?x=1"};
    node.rules = {rule("queue"), rule("memory_total_usage"), rule("errors"), rule("queue")};
    policy.nodeQos.push_back(node);
    PodQos pods;
    pods.name = "jvm";
    pods.labelSelector = LabelSelector{};
    pods.probe = HttpProbe{.port = 443, .path = "/", .https = true};
    policy.podQos.push_back(pods);
    return policy;
}

std::vector<ProbeTarget> targets(const PolicySet& policy, const ProbeSettings& settings = {}) {
    return probeTargets(policy, settings, isBuiltin);
}

TEST(ProbeTargets, a_pod_without_an_address_is_named_and_not_asked) {
    auto policy = policies();
    policy.nodeQos.clear();
    policy.pods = {pod("cart-0", "")};
    const auto found = targets(policy);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].source, "PodQOS/jvm (shop/cart-0)");
    EXPECT_EQ(found[0].obstacle, "the address of the pod is not known");
    policy.podQos[0].probe->host = "gateway";
    EXPECT_EQ(targets(policy).at(0).obstacle, "");
}

TEST(ProbeTargets, pods_that_do_not_run_or_are_not_selected_are_not_asked) {
    auto policy = policies();
    policy.nodeQos.clear();
    auto pending = pod("pending", "10.0.0.1");
    pending.phase = PodPhase::pending;
    auto leaving = pod("leaving", "10.0.0.2");
    leaving.terminating = true;
    policy.pods = {pending, leaving};
    EXPECT_THAT(targets(policy), IsEmpty());
    policy.pods = {pod("other", "10.0.0.3")};
    policy.podQos[0].labelSelector.reset();
    EXPECT_THAT(targets(policy), IsEmpty());
}

TEST(ProbeTargets, a_node_qos_for_other_nodes_is_not_asked) {
    auto policy = policies();
    LabelRequirement disk;
    disk.key = "disk";
    disk.op = LabelRequirement::Operator::exists;
    policy.nodeQos[0].nodeSelector = LabelSelector{{disk}};
    EXPECT_THAT(targets(policy), IsEmpty());
    policy.node = Node{.name = "n1", .labels = {{"disk", "ssd"}}, .elasticCpu = {}};
    EXPECT_EQ(targets(policy).size(), 1U);
}

TEST(ProbeTargets,
     nobody_waits_for_longer_than_half_a_minute_nor_for_a_pod_longer_than_ten_seconds) {
    auto policy = policies();
    policy.pods = {pod("cart-0", "10.0.0.1")};
    policy.podQos[0].probe->timeout = std::chrono::seconds(11);
    EXPECT_EQ(targets(policy).at(1).request.timeout, std::chrono::seconds(10));
    policy.nodeQos[0].probe->timeout = std::chrono::hours(1);
    EXPECT_EQ(targets(policy).at(0).request.timeout, std::chrono::seconds(30));
    policy.nodeQos[0].probe->timeout = std::chrono::seconds(2);
    EXPECT_EQ(targets(policy).at(0).request.timeout, std::chrono::seconds(2));
}

TEST(ProbeTargets, a_node_qos_asks_this_node_for_the_metrics_of_its_rules_that_are_not_built_in) {
    ProbeSettings settings;
    settings.metrics = {{.name = "errors", .jsonPointer = "/all/errors"}};
    settings.caFile = "/ca.pem";
    const auto found = targets(policies(), settings);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].source, "NodeQOS/web");
    EXPECT_EQ(found[0].nodeQos, "web");
    EXPECT_TRUE(found[0].pod.empty());
    EXPECT_EQ(found[0].request.url, "http://127.0.0.1:9100/metrics?x=1");
    EXPECT_EQ(found[0].request.caFile, "/ca.pem");
    EXPECT_FALSE(found[0].request.proxyFromEnvironment);
    EXPECT_THAT(found[0].expected.plain, ElementsAre("queue", "errors"));
    EXPECT_THAT(found[0].expected.json,
                ElementsAre(JsonMember{"queue", "queue"}, JsonMember{"errors", "/all/errors"}));
}

TEST(ProbeTargets, a_pod_qos_asks_each_pod_at_its_own_address) {
    ProbeSettings settings;
    settings.metrics = {{.name = "heap", .jsonPointer = "/heap/used"}, {.name = "queue"}};
    auto policy = policies();
    policy.nodeQos.clear();
    policy.pods = {pod("cart-0", "10.0.0.1"), pod("cart-1", "fd00::1")};
    const auto found = targets(policy, settings);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].request.url, "https://10.0.0.1:443/");
    EXPECT_EQ(found[1].request.url, "https://[fd00::1]:443/");
    EXPECT_EQ(found[1].pod, PodUid("uid-cart-1"));
    EXPECT_EQ(found[1].nodeQos, "");
    EXPECT_THAT(found[1].expected.plain, ElementsAre("jvm"));
    EXPECT_THAT(found[1].expected.json, ElementsAre(JsonMember{"heap", "/heap/used"}));
    const Labels labels{{"app", "cart"},          {"namespace", "shop"},
                        {"PodNamespace", "shop"}, {"pod", "cart-1"},
                        {"PodName", "cart-1"},    {"uid", "uid-cart-1"},
                        {"PodUid", "uid-cart-1"}, {"qos_class", "Burstable"}};
    EXPECT_EQ(found[1].labels, labels) << "as the pod's built-in metrics have them";
}

} // namespace
} // namespace plimsoll::collector
