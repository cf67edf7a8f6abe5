// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string pod(const std::string& metadata, const std::string& rest = "") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: web, uid: u-1" + metadata + "}\n" + rest;
}

Pod decoded(const std::string& text) {
    const PolicySet set = decode(text);
    EXPECT_THAT(told(set), IsEmpty()) << text;
    EXPECT_THAT(set.pods, SizeIs(1)) << text;
    return set.pods.empty() ? Pod{} : set.pods[0];
}

struct Row {
    std::string text;
    std::string refusal;
};

TEST(Pod, refuses_what_would_be_guessed_otherwise) {
    for (const auto& row : std::vector<Row>{
             {"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
              "3: Pod/default/web: metadata.uid: is missing: the pod's cgroup is found by it"},
             {pod(", namespace: A_b"),
              "3: Pod/A_b/web: metadata.namespace: is not the name of a namespace"},
             {pod(", labels: {app: 5}"),
              "3: Pod/default/web: metadata.labels.app: must be a string, and unquoted '5' is a "
              "whole number; write it in quotes"},
             {pod("", "spec: {priority: high}\n"),
              "4: Pod/default/web: spec.priority: must be a whole number, not the string 'high'"},
             {pod("", "spec: {priority: 3000000000}\n"),
              "4: Pod/default/web: spec.priority: must be from -2147483648 to 2147483647, not "
              "3000000000"},
             {pod("", "spec: {containers: [{name: a, resources: {limits: {cpu: -1}}}]}\n"),
              "4: Pod/default/web: spec.containers[0].resources.limits.cpu: must not be negative"},
             {pod("", "spec: {containers: [{name: a, resources: {limits: {memory: 1GB}}}]}\n"),
              "4: Pod/default/web: spec.containers[0].resources.limits.memory: must be a quantity "
              "such as 4000, \"80.5\", \"500m\" or \"2Gi\", not '1GB': the suffix is one of n u m "
              "k M G T P "
              "E Ki Mi Gi Ti Pi Ei, or an exponent as in 1e3"},
             {pod("", "status: {qosClass: Best}\n"),
              "4: Pod/default/web: status.qosClass: must be BestEffort, Burstable or Guaranteed"},
             {pod("", "status: {startTime: yesterday}\n"),
              "4: Pod/default/web: status.startTime: must be a time such as 2024-05-01T10:00:00Z"},
         }) {
        const PolicySet set = decode(row.text);
        EXPECT_THAT(told(set), ElementsAre("error a.yaml:" + row.refusal)) << row.text;
        EXPECT_THAT(set.pods, IsEmpty());
    }
    EXPECT_THAT(
        refusalsOf("apiVersion: v1\nkind: Pod\nmetadata: {name: web, uid: ../../x}\n"),
        ElementsAre("error a.yaml:3: Pod/default/web: metadata.uid: must be letters, digits "
                    "and '-', at most 63"));
}

TEST(Pod, a_bare_manifest_runs_in_default_with_priority_0) {
    const Pod web = decoded(pod(""));
    EXPECT_EQ(web.fullName(), "default/web");
    EXPECT_EQ(web.uid, PodUid("u-1"));
    EXPECT_EQ(web.priority, 0);
    EXPECT_EQ(web.phase, PodPhase::running);
    EXPECT_EQ(web.qosClass, QosClass::bestEffort);
    EXPECT_EQ(web.startTime, std::nullopt);
    EXPECT_FALSE(web.mirror || web.daemonSet || web.terminating);
}

TEST(Pod, unknown_fields_are_no_mistakes) {
    EXPECT_THAT(refusalsOf(pod(", colour: red", "spec: {containres: []}\nmood: good\n")),
                IsEmpty());
}

TEST(Pod, as_kubectl_prints_it) {
    const Pod web = decoded(R"(apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubernetes.io/config.source: api
  creationTimestamp: "2024-05-01T09:59:58Z"
  deletionTimestamp: "2024-05-01T11:00:00Z"
  labels:
    app: web
    preemptible_job: "true"
  name: web-7d4b9
  namespace: shop
  ownerReferences:
  - apiVersion: apps/v1
    controller: true
    kind: DaemonSet
    name: web
    uid: 11111111-2222-3333-4444-555555555555
  resourceVersion: "4711"
  uid: 04e51a2b-0000-4000-8000-000000000001
spec:
  containers:
  - image: registry.example/web:1
    name: main
    resources:
      limits:
        cpu: "2"
        gocrane.io/cpu: "3"
        memory: 1Gi
      requests:
        cpu: 500m
        gocrane.io/cpu: "3"
        gocrane.io/memory: 2Gi
        memory: 512Mi
    volumeMounts:
    - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      name: kube-api-access
      readOnly: true
  initContainers:
  - name: migrate
    resources: {requests: {cpu: "7"}}
  - name: sidecar
    restartPolicy: Always
    resources: {requests: {cpu: 250m}}
  nodeName: node-1
  priority: -100
  tolerations:
  - effect: NoExecute
    key: node.kubernetes.io/not-ready
    operator: Exists
    tolerationSeconds: 300
status:
  conditions:
  - lastProbeTime: null
    status: "True"
    type: Ready
  phase: Running
  qosClass: Burstable
  startTime: "2024-05-01T10:00:00Z"
)");
    EXPECT_EQ(web.fullName(), "shop/web-7d4b9");
    EXPECT_EQ(web.uid, PodUid("04e51a2b-0000-4000-8000-000000000001"));
    EXPECT_EQ(web.labels, (Labels{{"app", "web"}, {"preemptible_job", "true"}}));
    EXPECT_EQ(web.qosClass, QosClass::burstable);
    EXPECT_EQ(web.priority, -100);
    EXPECT_EQ(web.phase, PodPhase::running);
    EXPECT_TRUE(web.terminating);
    EXPECT_TRUE(web.daemonSet);
    EXPECT_FALSE(web.mirror) << "config.source api is no static pod";
    EXPECT_EQ(web.startTime, 1714557600);
    ASSERT_THAT(web.containers, SizeIs(2)) << "the sidecar counts, the other init container not";
    EXPECT_EQ(web.containers[0].name, "sidecar");
    const ContainerResources& main = web.containers[1];
    EXPECT_EQ(main.cpuRequest, Millicores{500});
    EXPECT_EQ(main.cpuLimit, Millicores{2000});
    EXPECT_EQ(main.memoryRequest, Bytes{512.0 * 1024 * 1024});
    EXPECT_EQ(main.memoryLimit, Bytes{1024.0 * 1024 * 1024});
    EXPECT_EQ(main.elasticCpu, Millicores{3000});
    EXPECT_EQ(main.elasticMemory, Bytes{2048.0 * 1024 * 1024});
    EXPECT_EQ(web.cpuRequest(), Millicores{750});
    EXPECT_EQ(web.cpuLimit(), std::nullopt);
}

TEST(Pod, a_static_pod_is_found_by_the_hash_of_its_manifest) {
    const std::string hash = "kubernetes.io/config.hash: 6a5f00000000000000000000000000aa";
    const Pod mirror = decoded(pod(", annotations: {" + hash +
                                   ", kubernetes.io/config.mirror: x, "
                                   "kubernetes.io/config.source: file}"));
    EXPECT_TRUE(mirror.mirror);
    EXPECT_EQ(mirror.uid, PodUid("6a5f00000000000000000000000000aa"));
    EXPECT_TRUE(decoded(pod(", annotations: {kubernetes.io/config.source: http}")).mirror);
    EXPECT_TRUE(decoded(pod(", annotations: {kubernetes.io/config.mirror: x}")).mirror);
}

TEST(Pod, phases_are_the_five_words) {
    using enum PodPhase;
    for (const auto& [word, phase] :
         std::vector<std::pair<std::string, PodPhase>>{{"Pending", pending},
                                                       {"Running", running},
                                                       {"Succeeded", succeeded},
                                                       {"Failed", failed},
                                                       {"Unknown", unknown},
                                                       {"Dancing", unknown}}) {
        EXPECT_EQ(decoded(pod("", "status: {phase: " + word + "}\n")).phase, phase) << word;
    }
}

struct QosRow {
    const char* containers;
    QosClass expected;
};

TEST(Pod, qos_class_is_computed_as_kubernetes_does_where_the_status_lacks_it) {
    using enum QosClass;
    for (const auto& row : {
             QosRow{"containers: [{name: a}]", bestEffort},
             QosRow{"containers: [{resources: {limits: {cpu: 0}}}]", bestEffort},
             QosRow{"containers: [{resources: {requests: {gocrane.io/cpu: 2}}}]", bestEffort},
             QosRow{"containers: [{resources: {requests: {cpu: 1}}}]", burstable},
             QosRow{"containers: [{resources: {limits: {cpu: 1}}}]", burstable},
             QosRow{"containers: [{resources: {limits: {cpu: 1, memory: 1}}}]", guaranteed},
             QosRow{"containers: [{resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: "
                    "1000m, memory: 1024Mi}}}]",
                    guaranteed},
             QosRow{"containers: [{resources: {limits: {cpu: 2, memory: 1}, requests: {cpu: 1}}}]",
                    burstable},
             QosRow{"containers: [{resources: {limits: {cpu: 1, memory: 1}}}, {name: b}]",
                    burstable},
             QosRow{"containers: [{resources: {limits: {cpu: 1, memory: 1}}}]\n  initContainers: "
                    "[{name: i}]",
                    burstable},
         }) {
        EXPECT_EQ(decoded(pod("", "spec:\n  " + std::string(row.containers) + "\n")).qosClass,
                  row.expected)
            << row.containers;
    }
    EXPECT_EQ(decoded(pod("", "spec: {containers: [{name: a}]}\nstatus: {qosClass: Guaranteed}\n"))
                  .qosClass,
              guaranteed);
}

TEST(Node, has_a_name_and_labels_and_is_the_only_one) {
    const std::string node = "apiVersion: v1\nkind: Node\nmetadata: {name: n-1, labels: {a: b}}\n"
                             "spec: {podCIDR: 10.0.0.0/24}\n";
    const PolicySet one = decode(node);
    EXPECT_THAT(told(one), IsEmpty());
    ASSERT_TRUE(one.node);
    EXPECT_EQ(one.node->name, "n-1");
    EXPECT_EQ(one.node->labels, (Labels{{"a", "b"}}));
    EXPECT_THAT(refusalsOf(node + "---\napiVersion: v1\nkind: Node\nmetadata: {name: n-2}\n"),
                ElementsAre("error a.yaml:8: Node/n-2: metadata.name: there can be one Node only, "
                            "and it is n-1 already"));
}

} // namespace
} // namespace plimsoll::kube
