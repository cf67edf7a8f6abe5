// SPDX-License-Identifier: Apache-2.0
// The documents' own YAML, unchanged.
#include "decoding.hpp"

#include <fstream>
#include <iterator>
#include <utility>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string dataFile(const std::string& name) {
    std::ifstream stream(PLIMSOLL_SOURCE_DIR "/tests/unit/kube/data/" + name);
    EXPECT_TRUE(stream) << name;
    return {std::istreambuf_iterator<char>(stream), {}};
}

void expectCpuUsageRule(const Rule& rule, double watermark, const std::string& action) {
    EXPECT_EQ(rule.name, "cpu-usage");
    EXPECT_EQ(rule.metric, "cpu_total_usage");
    EXPECT_EQ(rule.watermark, watermark);
    EXPECT_EQ(rule.avoidanceThreshold, 2U);
    EXPECT_EQ(rule.restoreThreshold, 2U);
    EXPECT_EQ(rule.actionName, action);
}

TEST(Documents, disable_scheduling) {
    const PolicySet set = decode(dataFile("disable-scheduling.yaml"));
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_THAT(set.actions, SizeIs(1));
    EXPECT_EQ(set.actions[0].name, "disablescheduling");
    EXPECT_EQ(set.actions[0].description, "disable schedule new pods to the node");
    EXPECT_EQ(set.actions[0].coolDown, std::chrono::seconds(300));
    EXPECT_TRUE(set.actions[0].disablesScheduling());
    ASSERT_THAT(set.nodeQos, SizeIs(1));
    EXPECT_EQ(set.nodeQos[0].name, "watermark1");
    EXPECT_EQ(set.nodeQos[0].localCacheTtl, std::chrono::seconds(60));
    expectCpuUsageRule(set.nodeQos[0].rules.at(0), 4000, "disablescheduling");
    EXPECT_EQ(set.nodeQos[0].rules[0].strategy, Strategy::none);
    ASSERT_THAT(set.podQos, SizeIs(1));
    EXPECT_THAT(set.podQos[0].allowedActions, ElementsAre("disablescheduling"));
    EXPECT_EQ(set.podQos[0].labelSelector,
              (LabelSelector{{{"preemptible_job", LabelRequirement::Operator::in, {"true"}}}}));
}

TEST(Documents, throttle) {
    const PolicySet set = decode(dataFile("throttle.yaml"));
    EXPECT_THAT(
        told(set),
        ElementsAre("warning a.yaml:27: NodeQOS/watermark2: spec.rules[0].restoredThreshold: "
                    "the standard name of this field is restoreThreshold; an API server "
                    "with Crane's definitions drops this one and counts 1"));
    EXPECT_EQ(set.actions.at(0).cpuThrottle, (CpuThrottle{10, 10}));
    EXPECT_FALSE(set.actions[0].disablesScheduling());
    expectCpuUsageRule(set.nodeQos.at(0).rules.at(0), 6000, "throttle");
    ASSERT_THAT(set.podQos, SizeIs(1));
    EXPECT_EQ(set.podQos[0].labelSelector, std::nullopt);
    const auto& scope = set.podQos[0].scopeSelector.value().at(0);
    EXPECT_EQ(scope.scope, ScopeRequirement::Scope::qosClass);
    EXPECT_THAT(scope.qosClasses, ElementsAre(QosClass::bestEffort));
}

TEST(Documents, eviction) {
    const PolicySet set = decode(dataFile("eviction.yaml"));
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_EQ(set.actions.at(0).eviction, Eviction{std::chrono::seconds(30)});
    expectCpuUsageRule(set.nodeQos.at(0).rules.at(0), 6000, "eviction");
    EXPECT_EQ(set.nodeQos[0].rules[0].strategy, Strategy::preview);
    EXPECT_THAT(set.podQos.at(0).allowedActions, ElementsAre("eviction"));
}

TEST(Documents, every_field_is_known) {
    const PolicySet set = decode(dataFile("every-field.yaml"));
    std::vector<std::string> unused;
    for (const auto& refusal : set.refusals) {
        EXPECT_EQ(refusal.reason, "accepted, not acted on yet") << refusal.text();
        EXPECT_EQ(refusal.severity, Refusal::Severity::warning) << refusal.text();
        unused.push_back(refusal.object + " " + refusal.path);
    }
    EXPECT_THAT(unused, ElementsAre("NodeQOS/online-first spec.elasticCpuLimit",
                                    "NodeQOS/online-first spec.memLimit",
                                    "NodeQOS/online-first spec.memoryCompression",
                                    "NodeQOS/online-first spec.netLimits",
                                    "PodQOS/batch-pods spec.resourceQOS"));
    ASSERT_THAT(set.nodeQos, SizeIs(2));
    EXPECT_THAT(set.nodeQos[0].rules, SizeIs(2));
    EXPECT_EQ(set.nodeQos[0].rules[0].seriesSelector, LabelSelector{});
    EXPECT_EQ(set.nodeQos[0].rules[1].watermark, 90);
    EXPECT_THAT(set.nodeQos[0].nodeSelector->requirements, SizeIs(2));
    EXPECT_THAT(set.podQos.at(0).labelSelector->requirements, SizeIs(2));
    EXPECT_THAT(set.podQos[0].scopeSelector->at(1).priorities,
                ElementsAre(PriorityRange{0, 1000}, PriorityRange{5000, 5000}));
    EXPECT_EQ(set.nodeQos[1].probe, (HttpProbe{.host = "127.0.0.1",
                                               .port = 9100,
                                               .path = "/probe",
                                               .headers = {{"Accept", "application/json"}},
                                               .timeout = std::chrono::seconds(2)}));
    EXPECT_EQ(set.podQos[0].probe, (HttpProbe{.host = "127.0.0.1",
                                              .port = 8080,
                                              .path = "/healthz",
                                              .headers = {{"X-Probe", "qos"}},
                                              .timeout = std::chrono::seconds(5)}));
    EXPECT_TRUE(set.actions.at(0).cpuThrottle && set.actions[0].eviction);
    EXPECT_EQ(set.actions[0].memoryThrottle, MemoryThrottle{.forceGc = true});
}

TEST(Documents, cut_off_at_any_byte_they_are_refused_and_nothing_worse) {
    const std::string whole = dataFile("throttle.yaml");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        static_cast<void>(decode(std::string_view(whole).substr(0, length)));
    }
    const std::string longer = dataFile("every-field.yaml");
    constexpr std::size_t kStride = 17;
    for (std::size_t length = 0; length < longer.size(); length += kStride) {
        static_cast<void>(decode(std::string_view(longer).substr(0, length)));
    }
}

TEST(Documents, with_any_byte_spoilt_they_are_refused_and_nothing_worse) {
    constexpr std::string_view kSpoilt("\0:[\t\"&*\xff\n", 9);
    std::string text = dataFile("throttle.yaml");
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char saved = std::exchange(text[i], kSpoilt[i % kSpoilt.size()]);
        static_cast<void>(decode(text));
        text[i] = saved;
    }
}

} // namespace
} // namespace plimsoll::kube
