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
             {pod("", "spec: {initContainers: [{resources: {requests: {cpu: x}}}]}\n"),
              "4: Pod/default/web: spec.initContainers[0].resources.requests.cpu: must be a "
              "quantity such as 4000, \"80.5\", \"500m\" or \"2Gi\", not 'x': it does not begin "
              "with a number"},
             {pod("", "spec: {resources: {limits: {gocrane.io/memory: -1}}}\n"),
              "4: Pod/default/web: spec.resources.limits[gocrane.io/memory]: must not be negative"},
             {pod("", "spec: {terminationGracePeriodSeconds: 30s}\n"),
              "4: Pod/default/web: spec.terminationGracePeriodSeconds: must be a whole number, not "
              "the string '30s'"},
             {pod("", "status: {podIP: 10.0.0.256}\n"),
              "4: Pod/default/web: status.podIP: must be an IP address"},
             {pod("", "status: {podIP: web.example}\n"),
              "4: Pod/default/web: status.podIP: must be an IP address"},
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
    EXPECT_EQ(web.ip, "");
    EXPECT_EQ(web.terminationGracePeriod, std::nullopt);
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
  terminationGracePeriodSeconds: 45
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
  podIP: fd00::21
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
    EXPECT_EQ(web.cpuRequest(), Millicores{7000}) << "migrate runs alone and takes more";
    EXPECT_EQ(web.ip, "fd00::21");
    EXPECT_EQ(web.terminationGracePeriod, std::chrono::seconds(45));
    EXPECT_EQ(web.cpuLimit(), std::nullopt);
}

TEST(Pod, a_hash_on_a_pod_that_is_no_mirror_pod_does_not_point_at_the_cgroup_of_another) {
    const std::string hash = "kubernetes.io/config.hash: 6a5f00000000000000000000000000aa";
    const std::string file = ", kubernetes.io/config.source: file";
    const std::string mirror = ", kubernetes.io/config.mirror: x";
    const std::string node = ", ownerReferences: [{kind: Node, name: node-a}]";
    const std::string set = ", ownerReferences: [{kind: DaemonSet, name: agent}]";
    for (const auto& metadata :
         {", annotations: {" + hash + "}", ", annotations: {" + hash + file + "}" + node,
          ", annotations: {" + hash + mirror + file + "}",
          ", annotations: {" + hash + mirror + file + "}" + set}) {
        EXPECT_EQ(decoded(pod(metadata)).uid, PodUid("u-1")) << metadata;
    }
}

TEST(Pod, a_static_pod_is_found_by_the_hash_of_its_manifest) {
    const std::string hash = "kubernetes.io/config.hash: 6a5f00000000000000000000000000aa";
    const Pod mirror = decoded(pod(", annotations: {" + hash +
                                   ", kubernetes.io/config.mirror: x, "
                                   "kubernetes.io/config.source: file}, "
                                   "ownerReferences: [{kind: Node, name: node-a}]"));
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

TEST(Pod, grace_periods_are_those_of_the_api_server) {
    for (const auto& [text, seconds] : std::vector<std::pair<std::string, std::int64_t>>{
             {"0", 0}, {"30", 30}, {"-5", 1}, {"9223372036854775807", 2147483647}}) {
        EXPECT_EQ(decoded(pod("", "spec: {terminationGracePeriodSeconds: " + text + "}\n"))
                      .terminationGracePeriod,
                  std::chrono::seconds(seconds))
            << text;
    }
}

TEST(Pod, elastic_resources_are_whole_or_milli_as_request_or_limit) {
    for (const auto* text : {"limits: {gocrane.io/cpu: 2, gocrane.io/memory: 1Ki}",
                             "requests: {gocrane.io/cpu: '2', gocrane.io/memory: '1024'}",
                             "requests: {gocrane.io/cpu: 1, gocrane.io/memory: 1}, "
                             "limits: {gocrane.io/cpu: 2000m, gocrane.io/memory: 1024}"}) {
        const Pod elastic =
            decoded(pod("", "spec: {containers: [{resources: {" + std::string(text) + "}}]}\n"));
        EXPECT_EQ(elastic.elasticCpu(), Millicores{2000}) << text;
        EXPECT_EQ(elastic.elasticMemory(), Bytes{1024}) << text;
        EXPECT_EQ(elastic.qosClass, QosClass::bestEffort) << text;
    }
    EXPECT_EQ(decoded(pod("")).elasticCpu(), Millicores{0});
}

struct EffectiveRow {
    const char* spec;
    double cpuRequest; ///< millicores
    std::optional<double> cpuLimit;
};

TEST(Pod, requests_and_limits_are_those_that_the_scheduler_counts) {
    for (const auto& row : {
             EffectiveRow{"containers: [{resources: {limits: {cpu: 1}}}]", 1000, 1000},
             EffectiveRow{"containers: [{resources: {limits: {cpu: 0}}}]", 0, std::nullopt},
             // the larger one of the containers and each init container
             EffectiveRow{"initContainers: [{resources: {limits: {cpu: 3}}}, {resources: {limits: "
                          "{cpu: 2}}}], containers: [{resources: {limits: {cpu: 1}}}]",
                          3000, 3000},
             EffectiveRow{"initContainers: [{resources: {limits: {cpu: 3}}}], containers: "
                          "[{resources: {limits: {cpu: 2}}}, {resources: {limits: {cpu: 2}}}]",
                          4000, 4000},
             // a sidecar runs beside what is started after it, and beside the containers
             EffectiveRow{"initContainers: [{restartPolicy: Always, resources: {limits: {cpu: 1}}},"
                          " {resources: {limits: {cpu: 3}}}], containers: [{resources: {limits: "
                          "{cpu: 2}}}]",
                          4000, 4000},
             EffectiveRow{"initContainers: [{resources: {limits: {cpu: 3}}}, {restartPolicy: "
                          "Always, resources: {limits: {cpu: 1}}}], containers: [{resources: "
                          "{limits: {cpu: 1}}}]",
                          3000, 3000},
             EffectiveRow{"initContainers: [{restartPolicy: Always, resources: {limits: {cpu: 1}}}]"
                          ", containers: [{resources: {limits: {cpu: 2}}}]",
                          3000, 3000},
             // no limit anywhere: none at all
             EffectiveRow{"initContainers: [{resources: {requests: {cpu: 3}}}], containers: "
                          "[{resources: {limits: {cpu: 1}}}]",
                          3000, std::nullopt},
             EffectiveRow{"initContainers: [{restartPolicy: Always}], containers: [{resources: "
                          "{limits: {cpu: 1}}}]",
                          1000, std::nullopt},
             // the pod's own
             EffectiveRow{"resources: {requests: {cpu: 500m}, limits: {cpu: 2}}, initContainers: "
                          "[{resources: {limits: {cpu: 3}}}], containers: [{name: a}]",
                          500, 2000},
         }) {
        const Pod web = decoded(pod("", "spec: {" + std::string(row.spec) + "}\n"));
        EXPECT_EQ(web.cpuRequest().value, row.cpuRequest) << row.spec;
        const auto limit = web.cpuLimit();
        EXPECT_EQ(limit ? std::optional(limit->value) : std::nullopt, row.cpuLimit) << row.spec;
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
             QosRow{"containers: [{name: a}]\n  resources: {limits: {cpu: 1, memory: 1}}",
                    guaranteed},
             QosRow{"containers: [{resources: {limits: {cpu: 1, memory: 1}}}]\n  resources: "
                    "{limits: {cpu: 1}}",
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

TEST(Node, refuses_elastic_cpu_that_is_no_amount) {
    const std::string node = "apiVersion: v1\nkind: Node\nmetadata: {name: n-1}\nstatus: ";
    const std::string place = "error a.yaml:4: Node/n-1: status.allocatable";
    EXPECT_THAT(refusalsOf(node + "{allocatable: {gocrane.io/cpu: -1}}\n"),
                ElementsAre(place + "[gocrane.io/cpu]: must not be negative"));
    EXPECT_THAT(refusalsOf(node + "{allocatable: 4}\n"),
                ElementsAre(place + ": must be a map, not '4'"));
}

TEST(Node, has_a_name_and_labels_and_is_the_only_one) {
    const std::string node = "apiVersion: v1\nkind: Node\nmetadata: {name: n-1, labels: {a: b}}\n"
                             "spec: {podCIDR: 10.0.0.0/24}\n";
    const PolicySet one = decode(node);
    EXPECT_THAT(told(one), IsEmpty());
    ASSERT_TRUE(one.node);
    EXPECT_EQ(one.node->name, "n-1");
    EXPECT_EQ(one.node->labels, (Labels{{"a", "b"}}));
    EXPECT_EQ(one.node->elasticCpu, std::nullopt);
    EXPECT_THAT(refusalsOf(node + "---\napiVersion: v1\nkind: Node\nmetadata: {name: n-2}\n"),
                ElementsAre("error a.yaml:8: Node/n-2: metadata.name: there can be one Node only, "
                            "and it is n-1 already"));
}

} // namespace
} // namespace plimsoll::kube
