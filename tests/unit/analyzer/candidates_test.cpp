// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/candidates.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace plimsoll::analyzer {
namespace {

CandidateFacts facts(std::string_view name, QosClass qosClass, double usage = 0,
                     std::int32_t priority = 0) {
    return {.priority = priority,
            .qosClass = qosClass,
            .usage = {.cpu = Millicores{usage}},
            .name = name};
}

CandidateFacts elastic(std::string_view name, double limit, double usage = 0) {
    auto result = facts(name, QosClass::bestEffort, usage);
    result.elasticCpu = Millicores{limit};
    return result;
}

CandidateFacts started(std::string_view name, std::int64_t startTime) {
    auto result = facts(name, QosClass::guaranteed);
    result.startTime = startTime;
    return result;
}

/// Crane's CPU sorter.
const std::vector<SortKey> kCpuOrder{SortKey::useElasticResource, SortKey::priority,
                                     SortKey::podQosClass,        SortKey::cpuUsage,
                                     SortKey::extCpuUsage,        SortKey::runningTime};

std::vector<std::string> namesInOrder(std::vector<CandidateFacts> all,
                                      std::vector<SortKey> order = kCpuOrder) {
    std::ranges::sort(all, [&order](const CandidateFacts& a, const CandidateFacts& b) {
        return rankOf(a, order) < rankOf(b, order);
    });
    std::vector<std::string> names;
    std::ranges::transform(all, std::back_inserter(names),
                           [](const CandidateFacts& each) { return std::string(each.name); });
    return names;
}

TEST(CandidateOrder, is_that_of_the_documents_whatever_the_input_order) {
    std::vector<CandidateFacts> pods{
        elastic("elastic-2", 2000),
        elastic("elastic-4", 4000),
        facts("cpu-1", QosClass::guaranteed, 1000),
        facts("cpu-2", QosClass::burstable, 2000),
        facts("guarantee-1", QosClass::guaranteed, 1000),
        facts("burstable-2", QosClass::burstable, 1000),
        facts("prio-2", QosClass::burstable, 1000, 2),
        facts("prio-2-2", QosClass::burstable, 2000, 2),
        facts("priority-1", QosClass::burstable, 0, 1),
        started("time-1", 1000),
        started("time-2", 2000),
    };
    const std::vector<std::string> expected{"elastic-2",  "elastic-4",   "cpu-2",  "burstable-2",
                                            "cpu-1",      "guarantee-1", "time-2", "time-1",
                                            "priority-1", "prio-2-2",    "prio-2"};
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
        std::ranges::shuffle(pods, random);
        ASSERT_EQ(namesInOrder(pods), expected);
    }
}

TEST(CandidateOrder, class_runs_from_unknown_to_guaranteed) {
    EXPECT_EQ(namesInOrder({facts("g", QosClass::guaranteed), facts("b", QosClass::burstable),
                            facts("be", QosClass::bestEffort), facts("u", QosClass::unknown)}),
              (std::vector<std::string>{"u", "be", "b", "g"}));
}

TEST(CandidateOrder, who_uses_more_of_its_elastic_limit_goes_first) {
    EXPECT_EQ(namesInOrder({elastic("a-lim4", 4000, 1000), elastic("b-lim2", 2000, 1000)}),
              (std::vector<std::string>{"b-lim2", "a-lim4"}));
}

TEST(CandidateOrder, can_be_composed) {
    auto big = facts("big", QosClass::guaranteed, 100, 9);
    big.usage.memory = Bytes{1e9};
    auto worst = facts("worst", QosClass::guaranteed, 100, 9);
    worst.metricValue = 3;
    const auto first = facts("first", QosClass::bestEffort, 200);
    EXPECT_EQ(namesInOrder({first, big, worst}, {SortKey::memoryUsage}),
              (std::vector<std::string>{"big", "first", "worst"}));
    EXPECT_EQ(namesInOrder({first, big, worst}, {SortKey::metricValue, SortKey::priority}),
              (std::vector<std::string>{"worst", "first", "big"}));
    EXPECT_EQ(namesInOrder({first, big, worst}, {}),
              (std::vector<std::string>{"big", "first", "worst"}))
        << "by name";
}

TEST(CandidateOrder, every_key_has_a_name_and_the_other_way_round) {
    const auto names = sortKeyNames();
    EXPECT_EQ(names.size(), CandidateRank::kMostKeys);
    for (const auto each : names) {
        EXPECT_EQ(name(*sortKeyFromName(each)), each);
    }
    EXPECT_EQ(sortKeyFromName("cpuusage"), std::nullopt);
}

TEST(CandidateOrder, huge_values_do_not_overflow) {
    auto huge = facts("huge", QosClass::bestEffort, 1e300);
    auto tiny = facts("tiny", QosClass::bestEffort, -1e300);
    EXPECT_EQ(namesInOrder({tiny, huge}), (std::vector<std::string>{"huge", "tiny"}));
}

TEST(CandidateOrder, no_start_time_goes_before_young_before_old) {
    EXPECT_EQ(namesInOrder({started("old", 1000), started("young", 2000),
                            facts("none", QosClass::guaranteed)}),
              (std::vector<std::string>{"none", "young", "old"}));
}

TEST(CandidateOrder, usages_that_differ_by_noise_are_equal) {
    EXPECT_EQ(namesInOrder({facts("a", QosClass::burstable, 1000),
                            facts("b", QosClass::burstable, 1000 + 1e-8)}),
              (std::vector<std::string>{"a", "b"}));
}

TEST(Exemption, protects_what_may_never_be_touched) {
    EXPECT_EQ(exemption(Pod{}), "");
    EXPECT_EQ(exemption(Pod{.namespaceName = "kube-system"}), "") << "a namespace protects nobody";
    EXPECT_EQ(exemption(Pod{.phase = PodPhase::pending}), "");
    EXPECT_NE(exemption(Pod{.mirror = true}), "");
    EXPECT_NE(exemption(Pod{.priority = 2'000'000'000}), "");
    EXPECT_EQ(exemption(Pod{.priority = 1'999'999'999}), "");
    EXPECT_NE(exemption(Pod{.daemonSet = true}), "");
    EXPECT_NE(exemption(Pod{.terminating = true}), "");
    EXPECT_NE(exemption(Pod{.phase = PodPhase::succeeded}), "");
    EXPECT_NE(exemption(Pod{.phase = PodPhase::failed}), "");
}

} // namespace
} // namespace plimsoll::analyzer
