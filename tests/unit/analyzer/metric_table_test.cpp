// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/metric_table.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace plimsoll::analyzer {
namespace {

Snapshot eightCpus() {
    Snapshot snapshot;
    snapshot.node.onlineCpus = 8;
    snapshot.node.memoryTotal = Bytes{16.0 * 1024 * 1024 * 1024};
    return snapshot;
}

TEST(MetricTable, does_not_know_names_that_nobody_registered) {
    EXPECT_EQ(findMetric("not_support_metircs"), nullptr);
    EXPECT_EQ(findMetric(""), nullptr);
}

TEST(MetricTable, has_the_four_metrics_of_the_documents) {
    EXPECT_EQ(knownMetrics(), "cpu_total_usage, cpu_total_utilization, memory_total_usage, "
                              "memory_total_utilization");
    for (const auto& metric : metricTable()) {
        EXPECT_EQ(findMetric(metric.name), &metric);
        EXPECT_LE(metric.actionPriority, 10U);
    }
}

TEST(MetricTable, only_cpu_metrics_are_lowered_by_throttling) {
    EXPECT_TRUE(findMetric("cpu_total_usage")->throttleable);
    EXPECT_TRUE(findMetric("cpu_total_utilization")->throttleable);
    EXPECT_FALSE(findMetric("memory_total_usage")->throttleable);
    EXPECT_FALSE(findMetric("memory_total_utilization")->throttleable);
}

TEST(MetricTable, a_value_that_is_missing_or_not_finite_is_unknown) {
    const auto& metric = *findMetric("cpu_total_usage");
    auto snapshot = eightCpus();
    EXPECT_EQ(valueOf(metric, snapshot), std::nullopt);
    snapshot.node.cpuUsage = std::unexpected(Unknown::stale);
    EXPECT_EQ(valueOf(metric, snapshot), std::nullopt);
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        snapshot.node.cpuUsage = Millicores{value};
        EXPECT_EQ(valueOf(metric, snapshot), std::nullopt);
    }
    snapshot.node.cpuUsage = Millicores{0};
    EXPECT_EQ(valueOf(metric, snapshot), 0.0);
}

struct GapCase {
    const char* metric;
    double used;
    double watermark;
    double expected;
};

class ThrottleGap : public testing::TestWithParam<GapCase> {};

TEST_P(ThrottleGap, is_the_distance_and_a_tenth_in_millicores) {
    const auto& row = GetParam();
    const auto gap =
        throttleGap(*findMetric(row.metric), row.used, row.watermark, 0.10, eightCpus());
    ASSERT_TRUE(gap);
    EXPECT_NEAR(gap->value, row.expected, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Documents, ThrottleGap,
                         testing::Values(GapCase{"cpu_total_usage", 4680, 4000, 748},
                                         GapCase{"cpu_total_usage", 6500, 6000, 550},
                                         GapCase{"cpu_total_usage", 6000, 6000, 0},
                                         GapCase{"cpu_total_utilization", 72.5, 50, 1980},
                                         GapCase{"cpu_total_usage", 5000, 6000, -1100}));

TEST(ThrottleGap, is_none_where_throttling_does_not_count) {
    EXPECT_EQ(throttleGap(*findMetric("memory_total_usage"), 2, 1, 0.1, eightCpus()), std::nullopt);
    EXPECT_EQ(throttleGap(*findMetric("cpu_total_utilization"), 2, 1, 0.1, Snapshot{}),
              std::nullopt)
        << "the number of CPUs is unknown";
}

TEST(MemoryRelease, percent_becomes_bytes) {
    const auto& metric = *findMetric("memory_total_utilization");
    EXPECT_EQ(metric.releaseUnit, ReleaseUnit::bytes);
    EXPECT_NEAR(*metric.toRelease(61.2, 50, eightCpus()) * 1.1, 2'116'559'883.0, 1);
    EXPECT_EQ(metric.toRelease(61.2, 50, Snapshot{}), std::nullopt);
}

} // namespace
} // namespace plimsoll::analyzer
