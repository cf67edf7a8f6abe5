// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_answer.hpp"

#include <gmock/gmock.h>

namespace plimsoll::collector {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Expected kTwo{.plain = {"queue.length", "errors"},
                    .json = {{"queue.length", "queue.length"}, {"errors", "/all/errors"}}};

std::string errorOf(std::string_view type, std::string_view body, const Expected& expected = kTwo) {
    const auto reading = readAnswer(type, body, expected);
    return reading ? "no error" : reading.error().what;
}

std::vector<ParsedSeries> seriesOf(std::string_view type, std::string_view body) {
    const auto reading = readAnswer(type, body, kTwo);
    EXPECT_TRUE(reading) << reading.error().what;
    EXPECT_EQ(reading ? reading->problem : "", "");
    return reading ? reading->series : std::vector<ParsedSeries>{};
}

TEST(ProbeAnswer, an_empty_answer_is_not_a_zero) {
    EXPECT_EQ(errorOf("", ""), "the answer is empty");
    EXPECT_EQ(errorOf("text/plain", " \r\n"), "the answer is empty");
}

TEST(ProbeAnswer, a_web_page_is_an_error) {
    EXPECT_NE(errorOf("text/html", "<html><body>12</body></html>"), "no error");
    EXPECT_NE(errorOf("application/json", "<html>"), "no error");
}

TEST(ProbeAnswer, a_number_that_is_not_finite_is_an_error) {
    EXPECT_EQ(errorOf("", "NaN"), "the number is not finite");
    EXPECT_EQ(errorOf("text/plain", "+Inf"), "the number is not finite");
}

TEST(ProbeAnswer, a_number_that_nobody_asked_for_is_an_error) {
    EXPECT_THAT(errorOf("", "12", {}), HasSubstr("no rule names a metric"));
    EXPECT_THAT(errorOf("", "{\"a\": 1}", {}), HasSubstr("no metric is expected"));
}

TEST(ProbeAnswer, a_missing_member_is_a_problem_and_the_others_count) {
    const auto reading = readAnswer("application/json", R"({"all": {"errors": 3}})", kTwo);
    ASSERT_TRUE(reading) << reading.error().what;
    EXPECT_THAT(reading->series, ElementsAre(ParsedSeries{"errors", {}, 3}));
    EXPECT_THAT(reading->problem, HasSubstr("queue.length"));
}

TEST(ProbeAnswer, a_member_that_need_not_be_there_is_no_problem_unless_all_are_missing) {
    auto some = kTwo;
    some.everyMember = false;
    const auto reading = readAnswer("application/json", R"({"all": {"errors": 3}})", some);
    ASSERT_TRUE(reading) << reading.error().what;
    EXPECT_EQ(reading->problem, "");
    EXPECT_THAT(errorOf("application/json", "{}", some), HasSubstr("queue.length"));
}

TEST(ProbeAnswer, prometheus_text_is_not_taken_for_a_number_when_it_says_what_it_is) {
    EXPECT_NE(errorOf("text/plain; version=0.0.4", "12"), "no error");
}

TEST(ProbeAnswer, a_plain_number_is_the_value_of_each_metric_expected) {
    const auto both =
        ElementsAre(ParsedSeries{"queue.length", {}, 12.5}, ParsedSeries{"errors", {}, 12.5});
    EXPECT_THAT(seriesOf("text/plain; charset=utf-8", "12.5\n"), both);
    EXPECT_THAT(seriesOf("application/json", "12.5"), both);
    EXPECT_THAT(seriesOf("", " 12.5"), both);
}

TEST(ProbeAnswer, json_is_known_by_its_type_or_its_look) {
    const std::string body = R"( {"queue": {"length": 7}, "all": {"errors": "3"}})";
    const auto both =
        ElementsAre(ParsedSeries{"queue.length", {}, 7}, ParsedSeries{"errors", {}, 3});
    EXPECT_THAT(seriesOf("application/json", body), both);
    EXPECT_THAT(seriesOf("Application/Health+JSON; charset=utf-8", body), both);
    EXPECT_THAT(seriesOf("", body), both);
}

TEST(ProbeAnswer, prometheus_text_names_what_it_feeds) {
    const std::string body = "# TYPE jobs gauge\njobs{queue=\"a\"} 4\n";
    const auto jobs = ElementsAre(ParsedSeries{"jobs", {{"queue", "a"}}, 4});
    EXPECT_THAT(seriesOf("text/plain; version=0.0.4", body), jobs);
    EXPECT_THAT(seriesOf("application/openmetrics-text; version=1.0.0", body + "# EOF\n"), jobs);
    EXPECT_THAT(seriesOf("", body), jobs);
}

} // namespace
} // namespace plimsoll::collector
