// SPDX-License-Identifier: Apache-2.0
// Answers of an API server, as they were recorded.
#include "decoding.hpp"

#include <fstream>
#include <iterator>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PolicySet answered(const std::string& name) {
    std::ifstream stream(PLIMSOLL_SOURCE_DIR "/tests/unit/kube/data/" + name);
    EXPECT_TRUE(stream) << name;
    PolicySet result;
    decodeObjects(std::string(std::istreambuf_iterator<char>(stream), {}), "", result);
    return result;
}

TEST(ApiServer, a_pod_that_is_being_deleted) {
    const PolicySet set = answered("api-pod-terminating.json");
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_THAT(set.pods, SizeIs(1));
    const Pod& web = set.pods[0];
    EXPECT_EQ(web.fullName(), "default/web-1");
    EXPECT_EQ(web.uid, PodUid("56925c36-9fbc-4acd-b66a-89888a435068"));
    EXPECT_EQ(web.labels, (Labels{{"app", "web"}}));
    EXPECT_TRUE(web.terminating);
    EXPECT_EQ(web.ip, "10.244.0.20");
    EXPECT_EQ(web.phase, PodPhase::running);
    EXPECT_EQ(web.qosClass, QosClass::burstable);
    EXPECT_EQ(web.terminationGracePeriod, std::chrono::seconds(30));
    EXPECT_EQ(web.startTime, 1795321120); // 2026-11-22T04:18:40Z
    EXPECT_EQ(web.cpuRequest(), Millicores{100});
    EXPECT_EQ(web.memoryRequest(), Bytes{64.0 * 1024 * 1024});
    EXPECT_EQ(web.cpuLimit(), std::nullopt);
}

TEST(ApiServer, a_mirror_pod) {
    const PolicySet set = answered("api-pod-mirror.json");
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_THAT(set.pods, SizeIs(1));
    EXPECT_TRUE(set.pods[0].mirror);
    EXPECT_FALSE(set.pods[0].daemonSet) << "it belongs to a Node";
    EXPECT_EQ(set.pods[0].phase, PodPhase::pending);
}

TEST(ApiServer, a_list_whose_items_do_not_say_what_they_are) {
    const PolicySet set = answered("api-pod-list.json");
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_THAT(set.pods, SizeIs(1));
    EXPECT_EQ(set.pods[0].fullName(), "default/be-0");
}

TEST(ApiServer, a_node_with_elastic_cpu) {
    const PolicySet set = answered("api-node.json");
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_TRUE(set.node);
    EXPECT_EQ(set.node->name, "node-a");
    EXPECT_EQ(set.node->elasticCpu, Millicores{2000});
    EXPECT_TRUE(set.node->labels.contains("kubernetes.io/hostname"));
}

TEST(ApiServer, policies) {
    const PolicySet set = answered("api-nodeqos-list.json");
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_FALSE(set.nodeQos.empty());
    EXPECT_EQ(set.nodeQos[0].name, "waterline0");
    EXPECT_EQ(set.nodeQos[0].origin, "cluster");
    EXPECT_EQ(set.nodeQos[0].rules.at(0).watermark, 6000);
    EXPECT_THAT(set.objects, SizeIs(set.nodeQos.size()));
    EXPECT_TRUE(set.objects[0].accepted);
}

TEST(ApiServer, a_bad_item_leaves_the_others_of_its_list_alone) {
    const PolicySet set = decode(
        "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [{\"metadata\": {\"name\": "
        "\"a\"}},\n null,\n {\"metadata\": {\"name\": \"b\", \"uid\": \"u\"}}]}");
    EXPECT_THAT(told(set),
                ElementsAre("error a.yaml:1: Pod/default/a: metadata.uid: is missing: the pod's "
                            "cgroup is found by it",
                            "error a.yaml:2: is missing: Pod"));
    ASSERT_THAT(set.pods, SizeIs(1));
    EXPECT_EQ(set.pods[0].name, "b");
    EXPECT_THAT(refusalsOf("{kind: NodeQOSList, apiVersion: v1, items: []}"),
                ElementsAre("error a.yaml:1: NodeQOSList: apiVersion: must be "
                            "ensurance.crane.io/v1alpha1"));
    EXPECT_THAT(refusalsOf("{kind: PodList, apiVersion: v1, items: {}}"),
                ElementsAre("error a.yaml:1: PodList: items: must be a list, not a map"));
    EXPECT_THAT(refusalsOf("{kind: FooList, apiVersion: v1, items: []}"), SizeIs(1));
}

} // namespace
} // namespace plimsoll::kube
