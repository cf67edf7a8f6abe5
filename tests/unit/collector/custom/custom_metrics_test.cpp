// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/custom_metrics.hpp"
#include "tests/unit/support/allocations.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <cerrno>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/stat.h>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MonotonicTime kNow{1000s};
constexpr std::chrono::system_clock::time_point kWall{1'700'000'000s};

bool isBuiltin(std::string_view name) {
    return name == "builtin";
}

/// What a prober is to this.
class FakeSource : public SampleSource {
public:
    [[nodiscard]] std::uint64_t generation() const override { return generation_; }
    void append(CustomSamples& to) const override {
        to.metrics.insert(to.metrics.end(), metrics_.begin(), metrics_.end());
        to.problems.insert(to.problems.end(), problems_.begin(), problems_.end());
    }
    void deliver(std::vector<CustomMetric> metrics, std::vector<SourceProblem> problems = {}) {
        metrics_ = std::move(metrics);
        problems_ = std::move(problems);
        ++generation_;
    }

private:
    std::vector<CustomMetric> metrics_;
    std::vector<SourceProblem> problems_;
    std::uint64_t generation_ = 0;
};

class CustomMetricsTest : public testing::Test {
protected:
    void writeTextfile(const std::string& name, const std::string& text) {
        tree_.write("metrics.d/" + name, text);
        ::chmod(tree_.path("metrics.d/" + name).c_str(), 0600);
        custom_.readTextfiles(kNow, kWall);
    }
    std::string record(std::string_view name, double value = 1, const Labels& labels = {},
                       std::chrono::nanoseconds validFor = 1min, MonotonicTime now = kNow) {
        const auto recorded = custom_.record(name, value, labels, validFor, now);
        return recorded ? "" : recorded.error().what;
    }

    test::FakeTree tree_;
    CustomMetrics custom_{tree_.path("metrics.d"), isBuiltin};
};

TEST_F(CustomMetricsTest, refuse_to_record_what_is_out_of_order) {
    const std::string badName = "the name of a metric must be a letter, '_' or ':', then letters, "
                                "digits and any of \"_:.-\", at most 253";
    const std::string badLabel = "the name of a label must be a letter or '_', then letters, "
                                 "digits and '_', at most 63";
    const std::string badLabelValue = "the value of a label must be UTF-8 of at most 253 bytes";
    const std::string badValidity = "the validity must be from 1 second to 1 hour";
    EXPECT_EQ(record("builtin"), "builtin is a metric of Plimsoll's own");
    for (const auto& name : {std::string(), std::string("1m"), std::string("m n"),
                             std::string("m\n"), std::string("é"), std::string(254, 'm')}) {
        EXPECT_EQ(record(name), badName) << name;
    }
    for (const double value : {std::nan(""), HUGE_VAL, -std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(record("m", value), "the value must be a finite number");
    }
    for (const auto validFor : std::vector<std::chrono::nanoseconds>{
             -1s, 0s, 999ms, 1h + 1ns, std::chrono::nanoseconds::max()}) {
        EXPECT_EQ(record("m", 1, {}, validFor), badValidity) << validFor.count();
    }
    for (const auto& label :
         {std::string(), std::string("a.b"), std::string("1"), std::string(64, 'l')}) {
        EXPECT_EQ(record("m", 1, {{label, "x"}}), badLabel) << label;
    }
    for (const auto& value : {std::string("\xff"), std::string("a\0b", 3), std::string(254, 'v')}) {
        EXPECT_EQ(record("m", 1, {{"l", value}}), badLabelValue);
    }
    Labels many;
    for (int number = 0; number < 17; ++number) {
        many["l" + std::to_string(number)] = "";
    }
    EXPECT_EQ(record("m", 1, many), "at most 16 labels are allowed");
    EXPECT_THAT(custom_.samples(kNow)->metrics, IsEmpty());
    many.erase("l16");
    EXPECT_EQ(record(std::string(253, 'm'), 1, many, 1h), "");
}

TEST_F(CustomMetricsTest, refuse_the_1001st_series_until_one_has_expired) {
    for (int number = 0; number < 1000; ++number) {
        ASSERT_EQ(record("m", number, {{"n", std::to_string(number)}}, number == 7 ? 10s : 60s),
                  "");
    }
    EXPECT_EQ(record("n"), "1000 series are recorded already; wait until one expires");
    EXPECT_EQ(custom_.record("n", 1, {}, 1min, kNow).error().code, ENOSPC);
    EXPECT_EQ(record("m", -1, {{"n", "8"}}), "") << "one that is there may be replaced";
    EXPECT_EQ(record("n", 1, {}, 1min, kNow + 11s), "");
    const auto samples = custom_.samples(kNow + 11s);
    EXPECT_THAT(samples->find("m")->series, SizeIs(999));
    EXPECT_THAT(samples->find("n")->series, SizeIs(1));
}

TEST_F(CustomMetricsTest, replace_what_is_recorded_again) {
    record("m", 1, {{"a", "x"}}, 10s);
    record("m", 2, {{"a", "y"}}, 10s);
    record("m", 3, {{"a", "x"}}, 20s, kNow + 5s);
    const auto* metric = custom_.samples(kNow + 5s)->find("m");
    ASSERT_NE(metric, nullptr);
    ASSERT_THAT(metric->series, SizeIs(2));
    EXPECT_EQ(metric->series[0].value, 3);
    EXPECT_EQ(metric->series[0].at, kNow + 5s);
    EXPECT_EQ(metric->series[0].expires, kNow + 25s);
    EXPECT_EQ(metric->series[1].expires, kNow + 10s);
}

TEST_F(CustomMetricsTest, forget_what_has_expired_ten_minutes_ago) {
    record("short", 1, {}, 1s);
    record("long", 1, {}, 1h);
    const auto samples = custom_.samples(kNow + 10min + 1s);
    EXPECT_NE(samples->find("short"), nullptr) << "so that it shows as stale";
    const auto later = custom_.samples(kNow + 10min + 2s);
    EXPECT_EQ(later->find("short"), nullptr);
    EXPECT_NE(later->find("long"), nullptr);
}

TEST_F(CustomMetricsTest, take_nothing_from_pods_that_a_textfile_or_d_bus_delivers) {
    FakeSource probes;
    custom_.addSource(probes);
    const auto deliver = [&](const std::string& name) {
        return CustomMetric{name,
                            {{.value = 1, .pod = PodUid("u-1")}, {.value = 2, .nodeQos = "web"}}};
    };
    probes.deliver({deliver("file"), deliver("recorded"), deliver("other")});
    record("recorded", 3);
    writeTextfile("a.prom", "file 4\n");
    const auto samples = custom_.samples(kNow);
    EXPECT_THAT(samples->find("file")->series,
                ElementsAre(Field(&SeriesSample::value, 4), Field(&SeriesSample::value, 2)))
        << "a NodeQOS asks for its own rules";
    EXPECT_THAT(samples->find("recorded")->series,
                ElementsAre(Field(&SeriesSample::value, 3), Field(&SeriesSample::value, 2)));
    EXPECT_THAT(samples->find("other")->series, SizeIs(2));
    const std::string reason = "a textfile or RecordMetric delivers this metric: what pods answer "
                               "under its name is left out";
    EXPECT_THAT(samples->problems,
                ElementsAre(SourceProblem{"podQualityProbe (file)", reason},
                            SourceProblem{"podQualityProbe (recorded)", reason}));
}

TEST_F(CustomMetricsTest, list_the_problems_of_all_sources) {
    FakeSource probes;
    custom_.addSource(probes);
    probes.deliver({}, {{"NodeQOS/web", "no answer"}});
    writeTextfile("a.prom", "m one\n");
    EXPECT_THAT(custom_.samples(kNow)->problems,
                ElementsAre(SourceProblem{tree_.path("metrics.d/a.prom"),
                                          "line 1 has no value that is a number"},
                            SourceProblem{"NodeQOS/web", "no answer"}));
}

TEST_F(CustomMetricsTest, put_the_series_of_one_name_together_in_order) {
    FakeSource probes;
    custom_.addSource(probes);
    probes.deliver({{"z", {{.value = 1}}}, {"m", {{.value = 2}}}, {"m", {{.value = 3}}}});
    record("m", 4);
    record("a", 5);
    writeTextfile("a.prom", "m 6\n");
    const auto samples = custom_.samples(kNow);
    EXPECT_THAT(samples->metrics,
                ElementsAre(Field(&CustomMetric::name, "a"), Field(&CustomMetric::name, "m"),
                            Field(&CustomMetric::name, "z")));
    EXPECT_THAT(samples->find("m")->series,
                ElementsAre(Field(&SeriesSample::value, 6), Field(&SeriesSample::value, 4),
                            Field(&SeriesSample::value, 2), Field(&SeriesSample::value, 3)));
}

TEST_F(CustomMetricsTest, are_built_anew_when_any_source_has_changed) {
    FakeSource probes;
    custom_.addSource(probes);
    auto last = custom_.samples(kNow);
    const auto isNew = [&] {
        const auto before = std::exchange(last, custom_.samples(kNow));
        return before != last;
    };
    EXPECT_FALSE(isNew());
    probes.deliver({{"p", {{.value = 1}}}});
    EXPECT_TRUE(isNew());
    record("m");
    EXPECT_TRUE(isNew());
    writeTextfile("a.prom", "t 1\n");
    EXPECT_TRUE(isNew());
    custom_.readTextfiles(kNow, kWall);
    EXPECT_FALSE(isNew()) << "the same file";
    tree_.remove("metrics.d/a.prom");
    custom_.readTextfiles(kNow, kWall);
    EXPECT_TRUE(isNew());
}

TEST_F(CustomMetricsTest, a_tick_without_news_allocates_nothing) {
    FakeSource probes;
    custom_.addSource(probes);
    probes.deliver({{"p", {{.value = 1}}}});
    record("m", 1, {{"a", "x"}}, 1s);
    record("m", 1, {{"a", "x"}}, 1h);
    writeTextfile("a.prom", "t 1\n");
    const auto first = custom_.samples(kNow);
    const auto before = test::allocations();
    for (int tick = 1; tick <= 100; ++tick) {
        ASSERT_EQ(custom_.samples(kNow + std::chrono::seconds(tick)), first);
    }
    EXPECT_EQ(test::allocations(), before);
    record("m", 2);
    static_cast<void>(custom_.samples(kNow));
    EXPECT_GT(test::allocations(), before) << "the counter counts";
}

} // namespace
} // namespace plimsoll::collector
