// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/metric_table.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace plimsoll::analyzer {
namespace {

NodeSample eightCpus() {
    NodeSample node;
    node.onlineCpus = 8;
    node.memoryTotal = Bytes{16.0 * 1024 * 1024 * 1024};
    return node;
}

TEST(MetricTable, does_not_know_names_that_nobody_registered) {
    EXPECT_EQ(findBuiltinMetric("not_support_metircs"), nullptr);
    EXPECT_EQ(findBuiltinMetric(""), nullptr);
}

TEST(MetricTable, finds_every_metric_by_its_name_once) {
    const auto& metrics = builtinMetrics();
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        EXPECT_EQ(findBuiltinMetric(metrics[i].name), &metrics[i]);
        EXPECT_LE(metrics[i].actionPriority, 10U);
        EXPECT_TRUE(i == 0 || metrics[i - 1].name < metrics[i].name) << metrics[i].name;
    }
}

TEST(MetricTable, a_metric_can_be_read_where_it_says_that_it_is_about) {
    for (const auto& metric : builtinMetrics()) {
        EXPECT_EQ(metric.ofNode != nullptr, metric.subject == Subject::node) << metric.name;
        EXPECT_EQ(metric.ofDisk != nullptr, metric.subject == Subject::disk) << metric.name;
        EXPECT_EQ(metric.ofInterface != nullptr, metric.subject == Subject::interface)
            << metric.name;
        EXPECT_EQ(metric.ofPod != nullptr, metric.subject == Subject::pod) << metric.name;
        EXPECT_FALSE(metric.unit.empty()) << metric.name;
    }
}

TEST(MetricTable, whatever_a_lever_lowers_has_an_order_of_candidates) {
    for (const auto& metric : builtinMetrics()) {
        EXPECT_EQ(metric.throttleable() || metric.byEviction, !metric.order.empty()) << metric.name;
        EXPECT_FALSE(metric.throttleQuantified && metric.toRelease == nullptr) << metric.name;
    }
}

TEST(MetricTable, aliases_lead_to_metrics) {
    for (const auto& alias : metricAliases()) {
        ASSERT_NE(findBuiltinMetric(alias.name), nullptr) << alias.name;
        EXPECT_EQ(findBuiltinMetric(alias.alias), findBuiltinMetric(alias.name));
    }
}

TEST(MetricTable, what_is_missing_everywhere_is_missing_in_every_metric) {
    for (const auto& metric : builtinMetrics()) {
        if (metric.ofNode != nullptr) {
            EXPECT_FALSE(metric.ofNode(NodeSample{})) << metric.name;
        }
        if (metric.ofPod != nullptr) {
            EXPECT_FALSE(metric.ofPod(PodSample{})) << metric.name;
        }
    }
}

TEST(MetricTable, pressure_is_read_from_the_file_of_its_name) {
    PodSample pod;
    pod.pressure.io =
        Pressure{.some = {.avg10 = 1, .avg60 = 2}, .full = PressureLine{.avg10 = 3, .avg60 = 4}};
    pod.stalled.ioFull = Percent{5};
    const auto read = [&pod](const char* name) { return *findBuiltinMetric(name)->ofPod(pod); };
    EXPECT_EQ(read("pod_io_pressure_some_avg10"), 1);
    EXPECT_EQ(read("pod_io_pressure_some_avg60"), 2);
    EXPECT_EQ(read("pod_io_pressure_full_avg10"), 3);
    EXPECT_EQ(read("pod_io_pressure_full_avg60"), 4);
    EXPECT_EQ(read("pod_io_pressure_full"), 5);
    EXPECT_FALSE(findBuiltinMetric("pod_memory_pressure_full")->ofPod(pod));
    pod.stalled.cpuSome = Percent{25};
    EXPECT_EQ(read("container_sched_run_queue_time"), 250'000) << "microseconds a second";
}

struct GapCase {
    const char* metric;
    double used;
    double watermark;
    double expected;
};

class DocumentedGap : public testing::TestWithParam<GapCase> {};

TEST_P(DocumentedGap, is_the_distance_and_a_tenth_in_millicores) {
    const auto& row = GetParam();
    const auto gap =
        gapOf(*findBuiltinMetric(row.metric), row.used, row.watermark, 0.10, eightCpus());
    ASSERT_TRUE(gap);
    EXPECT_NEAR(gap->amount, row.expected, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Documents, DocumentedGap,
                         testing::Values(GapCase{"cpu_total_usage", 4680, 4000, 748},
                                         GapCase{"cpu_total_usage", 6500, 6000, 550},
                                         GapCase{"cpu_total_usage", 6000, 6000, 0},
                                         GapCase{"cpu_total_utilization", 72.5, 50, 1980},
                                         GapCase{"cpu_total_usage", 5000, 6000, -1100}));

TEST(Gap, is_none_where_the_size_of_the_node_is_unknown) {
    EXPECT_EQ(gapOf(*findBuiltinMetric("cpu_total_utilization"), 2, 1, 0.1, {}), std::nullopt);
    EXPECT_EQ(gapOf(*findBuiltinMetric("memory_total_utilization"), 2, 1, 0.1, {}), std::nullopt);
    EXPECT_EQ(gapOf(*findBuiltinMetric("cpu_load_1_min"), 2, 1, 0.1, eightCpus()), std::nullopt)
        << "nobody knows how much load a millicore is";
}

TEST(Gap, percent_of_memory_becomes_bytes) {
    const auto gap =
        gapOf(*findBuiltinMetric("memory_total_utilization"), 61.2, 50, 0.1, eightCpus());
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->unit, ReleaseUnit::bytes);
    EXPECT_NEAR(gap->amount, 2'116'559'883.0, 1);
}

TEST(CustomMetric, does_by_default_what_an_action_asks_a_batch_at_a_time) {
    const auto metric = customMetric({.name = "latency"});
    EXPECT_TRUE(metric.byCpuThrottle && metric.byMemoryThrottle && metric.byEviction);
    EXPECT_FALSE(metric.throttleQuantified || metric.evictQuantified);
    EXPECT_EQ(metric.order, generalOrder());
    EXPECT_EQ(gapOf(metric, 2, 1, 0.1, eightCpus()), std::nullopt);
}

TEST(CustomMetric, with_a_conversion_counts_in_the_unit_that_its_lever_lowers) {
    const auto metric = customMetric({.name = "queue",
                                      .throttleable = true,
                                      .conversion = Conversion{ReleaseUnit::millicores, 50},
                                      .evictQuantified = false});
    EXPECT_TRUE(metric.byCpuThrottle);
    EXPECT_FALSE(metric.byMemoryThrottle) << "bytes are not millicores";
    EXPECT_FALSE(metric.evictQuantified);
    EXPECT_EQ(gapOf(metric, 30, 10, 0.1, eightCpus()), (Gap{ReleaseUnit::millicores, 1100}));
}

TEST(CustomMetric, can_be_closed_to_levers) {
    const auto metric = customMetric({.name = "queue", .throttleable = false, .evictable = false});
    EXPECT_FALSE(metric.throttleable() || metric.byEviction);
}

} // namespace
} // namespace plimsoll::analyzer
