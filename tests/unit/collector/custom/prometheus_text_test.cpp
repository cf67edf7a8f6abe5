// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/prometheus_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::collector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string errorOf(const std::string& text, std::size_t mostSeries = 10) {
    const auto parsed = parsePrometheusText(text, mostSeries);
    return parsed ? "none" : parsed.error().what;
}

std::vector<ParsedSeries> seriesOf(const std::string& text) {
    const auto parsed = parsePrometheusText(text, 100);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().what);
    return parsed.value_or(std::vector<ParsedSeries>{});
}

struct Row {
    std::string text;
    std::string error;
};

TEST(PrometheusText, refuses_a_bad_line_with_its_number) {
    const std::string noName = " begins with no name of a metric";
    const std::string noNumber = " has no value that is a number";
    const std::string noLabel = " has a label without a name and '='";
    const std::string quotes = " has a label whose value is not in quotes, or with another escape "
                               "than \\\\, \\\" and \\n";
    const std::string open = " has labels that are not followed by ',' or '}'";
    for (const auto& [text, error] : std::vector<Row>{
             {"1up 1\n", "line 1" + noName},
             {"# HELP up x\n\n-up 1\n", "line 3" + noName},
             {"{a=\"b\"} 1\n", "line 1" + noName},
             {std::string(254, 'a') + " 1\n", "line 1" + noName},
             {"up\n", "line 1" + noNumber},
             {"up 1 \nup  \n", "line 2" + noNumber},
             {"up one\n", "line 1" + noNumber},
             {"up 1,5\n", "line 1" + noNumber},
             {"up +-1\n", "line 1" + noNumber},
             {"up 1e999\n", "line 1" + noNumber},
             {"up 0x1p3\n", "line 1" + noNumber},
             {"up 1\r\n", "line 1" + noNumber},
             {"up{a=\"b\"}\n", "line 1" + noNumber},
             {"up{=\"b\"} 1\n", "line 1" + noLabel},
             {"up{a:b=\"c\"} 1\n", "line 1" + noLabel},
             {"up{a} 1\n", "line 1" + noLabel},
             {"up{,} 1\n", "line 1" + noLabel},
             {"up{\n", "line 1" + noLabel},
             {"up{a=b} 1\n", "line 1" + quotes},
             {"up{a=\"b} 1\n", "line 1" + quotes},
             {"up{a=\"\\t\"} 1\n", "line 1" + quotes},
             {"up{a=\"\\", "line 1" + quotes},
             {"up{a=\"b\" c=\"d\"} 1\n", "line 1" + open},
             {"up{a=\"b\"", "line 1" + open},
             {"up{a=\"b\",a=\"c\"} 1\n", "line 1 has a label twice"},
             {"up 1 yesterday\n", "line 1 has something behind its value that is no timestamp"},
             {"up 1 2 3\n", "line 1 has something behind its value that is no exemplar"},
             {"up 1 # traced\n", "line 1 has something behind its value that is no exemplar"},
             {"up 1\nup{a=\"\xc3\x28\"} 1\n", "line 2 is not UTF-8"},
             {"up 1\n\nup{a=\"\xed\xa0\x80\"} 1\n", "line 3 is not UTF-8"},
             {std::string("up 1\n# \0\n", 9), "line 2 is not UTF-8"},
         }) {
        EXPECT_EQ(errorOf(text), error) << text;
    }
}

TEST(PrometheusText, refuses_labels_that_are_too_long_or_too_many) {
    const auto label = [](std::size_t name, std::size_t value) {
        return "up{" + std::string(name, 'n') + "=\"" + std::string(value, 'v') + "\"} 1\n";
    };
    const std::string tooLong =
        "line 1 has a label with more than 63 bytes of name or 253 of value";
    EXPECT_EQ(errorOf(label(64, 1)), tooLong);
    EXPECT_EQ(errorOf(label(1, 254)), tooLong);
    EXPECT_EQ(errorOf(label(63, 253)), "none");
    std::string labels;
    for (char name = 'a'; name <= 'p'; ++name) {
        labels += std::string(1, name) + "=\"\",";
    }
    EXPECT_EQ(errorOf("up{" + labels + "} 1\n"), "none");
    EXPECT_EQ(errorOf("up{" + labels + "q=\"\"} 1\n"), "line 1 has more than 16 labels");
}

TEST(PrometheusText, refuses_one_series_more_than_allowed) {
    EXPECT_EQ(errorOf("a 1\nb NaN\nc 1\n", 2), "none") << "one left out does not count";
    EXPECT_EQ(errorOf("a 1\nb 1\n# c\nc 1\n", 2),
              "line 4 is one series more than the 2 that are allowed");
}

TEST(PrometheusText, without_series_is_no_fault) {
    EXPECT_THAT(seriesOf(""), IsEmpty());
    EXPECT_THAT(seriesOf("\n \t\n# EOF"), IsEmpty());
}

TEST(PrometheusText, leaves_out_what_is_not_finite) {
    EXPECT_THAT(seriesOf("a NaN\nb +Inf\nc -Inf\nd Inf\ne nan\nf 0\n"),
                ElementsAre(ParsedSeries{"f", {}, 0}));
}

TEST(PrometheusText, unescapes_label_values) {
    EXPECT_THAT(
        seriesOf(R"(m{ path = "C:\\x" , said="\"no\"\n}" , } -1.5e-3)"),
        ElementsAre(ParsedSeries{"m", {{"path", "C:\\x"}, {"said", "\"no\"\n}"}}, -1.5e-3}));
}

TEST(PrometheusText, takes_names_with_dots_and_dashes) {
    EXPECT_THAT(
        seriesOf("app.queue-length:max +5\n_a{} .5"),
        ElementsAre(ParsedSeries{"app.queue-length:max", {}, 5}, ParsedSeries{"_a", {}, 0.5}));
}

TEST(PrometheusText, reads_what_node_exporter_writes) {
    const auto series = seriesOf(
        R"(# HELP node_disk_io_now The number of I/Os currently in progress.
# TYPE node_disk_io_now gauge
node_disk_io_now{device="nvme0n1"} 0
# HELP node_filesystem_avail_bytes Filesystem space available to non-root users in bytes.
# TYPE node_filesystem_avail_bytes gauge
node_filesystem_avail_bytes{device="/dev/nvme0n1p2",fstype="ext4",mountpoint="/"} 1.10285004800e+11
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 1.656274944e+09
# HELP node_hwmon_temp_celsius Hardware monitor for temperature (input)
# TYPE node_hwmon_temp_celsius gauge
node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} NaN
# TYPE node_load1 gauge
node_load1 0.21 1395066363000
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 14.27
)");
    ASSERT_THAT(series, SizeIs(5));
    EXPECT_EQ(series[1],
              (ParsedSeries{"node_filesystem_avail_bytes",
                            {{"device", "/dev/nvme0n1p2"}, {"fstype", "ext4"}, {"mountpoint", "/"}},
                            110'285'004'800.0}));
    EXPECT_EQ(series[3], (ParsedSeries{"node_load1", {}, 0.21})) << "without its timestamp";
}

TEST(PrometheusText, reads_openmetrics_with_exemplars) {
    EXPECT_THAT(seriesOf("# TYPE foo histogram\n"
                         "foo_bucket{le=\"0.1\"} 8 # {} 0.054\n"
                         "foo_bucket{le=\"1\"} 11 1520879607.789 # {trace_id=\"KOO5S4\"} 0.67\n"
                         "foo_count 17\n"
                         "# EOF\n"),
                ElementsAre(ParsedSeries{"foo_bucket", {{"le", "0.1"}}, 8},
                            ParsedSeries{"foo_bucket", {{"le", "1"}}, 11},
                            ParsedSeries{"foo_count", {}, 17}));
}

} // namespace
} // namespace plimsoll::collector
