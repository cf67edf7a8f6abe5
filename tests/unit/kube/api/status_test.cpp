// SPDX-License-Identifier: Apache-2.0
// What refusals say: all recorded ones, and what no sound server sends.
#include "exchanges.hpp"
#include "kube/api/status.hpp"

#include <cctype>
#include <cstdint>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::string statusWith(const json& fields) {
    json status = {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"}};
    status.update(fields);
    return status.dump();
}

/// What cannot be put into JSON as it is, is no UTF-8.
bool isOneLineOfUtf8(const std::string& text) {
    const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    const auto without = json(text).dump(-1, ' ', false, json::error_handler_t::ignore);
    const auto replaced = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    return std::ranges::none_of(text, isControl) && without == replaced;
}

class RecordedRefusal : public testing::TestWithParam<std::string> {};

TEST_P(RecordedRefusal, is_read_whole_and_told_in_one_short_line) {
    const auto response = responseOf(exchangeFolder() / (GetParam() + ".json"));
    const auto answer = answerOf(response);
    const auto status = readStatus(answer);

    EXPECT_EQ(status.code, answer.status);
    EXPECT_FALSE(status.isSuccess());
    EXPECT_FALSE(status.message.empty());
    EXPECT_LE(status.message.size(), 300U);
    EXPECT_TRUE(isOneLineOfUtf8(status.text())) << status.text();
    EXPECT_EQ(status.retryAfter, answer.retryAfter); // in all of them the header and the body agree

    const auto body = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
    if (body.is_discarded()) {
        EXPECT_EQ(status.reason, "");
        EXPECT_EQ(status.message, answer.body.substr(0, answer.body.find('\n')));
        return;
    }
    EXPECT_EQ(status.reason, body.value("reason", ""));
    const auto details = body.value("details", json::object());
    const auto causes = details.value("causes", json::array());
    ASSERT_EQ(status.causes.size(), causes.size());
    for (std::size_t at = 0; at < causes.size(); ++at) {
        EXPECT_EQ(status.causes[at].reason, causes[at].value("reason", ""));
        EXPECT_EQ(status.causes[at].field, causes[at].value("field", ""));
    }
    const auto metadata = body.value("metadata", json::object());
    EXPECT_EQ(status.continueToken, metadata.value("continue", ""));
}

INSTANTIATE_TEST_SUITE_P(All, RecordedRefusal, testing::ValuesIn(recordedRefusals()),
                         [](const auto& refusal) {
                             auto name = refusal.param;
                             std::ranges::replace_if(
                                 name, [](char c) { return std::isalnum(c) == 0; }, '_');
                             return name;
                         });

TEST(Status, there_are_recorded_refusals) {
    EXPECT_GE(recordedRefusals().size(), 150U);
}

TEST(Status, of_a_disruption_budget_has_the_cause_and_no_time) {
    const auto status = readStatus(recorded("eviction/031-pdb-blocks"));
    EXPECT_TRUE(status.hasCause("DisruptionBudget"));
    EXPECT_FALSE(status.hasCause("Disruption"));
    EXPECT_EQ(status.retryAfter, std::nullopt);
    EXPECT_EQ(status.text(), "429 TooManyRequests: Cannot evict pod as it would violate the pod's "
                             "disruption budget.");
}

TEST(Status, of_a_budget_that_is_still_being_processed_has_the_time) {
    const auto status = readStatus(recorded("eviction/030-pdb-unobserved"));
    EXPECT_TRUE(status.hasCause("DisruptionBudget"));
    EXPECT_EQ(status.retryAfter, seconds{10});
}

TEST(Status, of_flow_control_is_its_text) {
    const auto status = readStatus(recorded("misc/062-inflight-429"));
    EXPECT_EQ(status.text(), "429: Too many requests, please try again later.");
    EXPECT_THAT(status.causes, IsEmpty());
    EXPECT_EQ(status.retryAfter, seconds{1});
}

TEST(Status, in_a_body_that_calls_itself_text_is_read) {
    const auto answer = recorded("misc/053-etcd-hang-get");
    ASSERT_THAT(answer.contentType, StartsWith("text/plain"));
    EXPECT_EQ(readStatus(answer).reason, "Timeout");
}

TEST(Status, that_quotes_a_whole_object_is_cut) {
    const auto status = readStatus(recorded("nodes/079-extres-unparsable"));
    EXPECT_LE(status.message.size(), 300U);
    EXPECT_THAT(status.message, StartsWith(R"("" is invalid: patch: Invalid value: "{)"));
    EXPECT_TRUE(status.message.ends_with("…"));
}

TEST(Status, without_a_reason_has_none) {
    const auto status = readStatus(recorded("eviction/033-two-pdbs"));
    EXPECT_EQ(status.reason, "");
    EXPECT_THAT(status.text(), StartsWith("500: "));
}

TEST(Status, of_an_expired_continuation_has_the_token_for_the_rest) {
    const auto status = readStatus(recorded("crs/062-continue-expired-410"));
    EXPECT_EQ(status.reason, "Expired");
    EXPECT_THAT(status.continueToken, StartsWith("eyJ2IjoibWV0YS5rOHMuaW8vdjEi"));
}

TEST(Status, of_an_error_event_has_the_code_of_the_object) {
    const auto response = responseOf(exchangeFolder() / "watch/013-rv-1.json");
    const auto event = json::parse(response.at("chunks").at(0).at("text").get<std::string>());
    const auto status = readStatus(event.at("object").dump());
    EXPECT_EQ(status.code, 410);
    EXPECT_EQ(status.reason, "Expired");
}

TEST(Status, of_a_success_has_no_message) {
    const http::Answer created{.status = 201, .body = statusWith({{"status", "Success"}})};
    EXPECT_TRUE(readStatus(created).isSuccess());
    EXPECT_EQ(readStatus(created).text(), "201");
    const http::Answer node{.status = 200, .body = R"({"kind":"Node"})"};
    EXPECT_EQ(readStatus(node).text(), "200");
}

TEST(Status, of_no_body_is_the_code) {
    EXPECT_EQ(readStatus(http::Answer{.status = 503}).text(), "503");
    EXPECT_EQ(readStatus(std::string_view()).text(), "no code");
}

TEST(Status, of_another_kind_of_json_is_its_text) {
    EXPECT_EQ(readStatus({.status = 502, .body = R"({"kind":"Pod","message":"x"})"}).text(),
              R"(502: {"kind":"Pod","message":"x"})");
    for (const std::string body : {"null", "[]", "7", R"("Status")", R"({"kind":7})", "{"}) {
        EXPECT_EQ(readStatus({.status = 502, .body = body}).text(), "502: " + body);
    }
}

TEST(Status, of_fields_of_wrong_types_has_none) {
    const auto status = readStatus(
        {.status = 422,
         .body = statusWith(
             {{"reason", 5},
              {"message", json::array()},
              {"code", "422"},
              {"metadata", {{"continue", 1}}},
              {"details",
               {{"causes", {1, "x", nullptr, {{"reason", 7}}}}, {"retryAfterSeconds", -3}}}})});
    EXPECT_EQ(status.text(), "422");
    EXPECT_THAT(status.causes, SizeIs(4));
    EXPECT_FALSE(status.hasCause("x"));
    EXPECT_EQ(status.retryAfter, std::nullopt);
    EXPECT_EQ(status.continueToken, "");
}

TEST(Status, bounds_what_the_server_asks_for) {
    const auto wait = [](const json& number) {
        return readStatus({.status = 429,
                           .body = statusWith({{"details", {{"retryAfterSeconds", number}}}})})
            .retryAfter;
    };
    EXPECT_EQ(wait(7), seconds{7});
    EXPECT_EQ(wait(0), std::nullopt);
    EXPECT_EQ(wait(1.5), std::nullopt);
    EXPECT_EQ(wait(UINT64_MAX), seconds{3600});
    EXPECT_EQ(readStatus({.status = 429, .retryAfter = seconds{1'000'000}}).retryAfter,
              seconds{3600});
    EXPECT_EQ(readStatus({.status = 429, .retryAfter = seconds{-1}}).retryAfter, std::nullopt);
}

TEST(Status, believes_the_header_rather_than_the_body) {
    const auto body = statusWith({{"details", {{"retryAfterSeconds", 10}}}});
    EXPECT_EQ(readStatus({.status = 429, .body = body, .retryAfter = seconds{2}}).retryAfter,
              seconds{2});
}

TEST(Status, bounds_causes_reasons_and_tokens) {
    json causes = json::array();
    for (int count = 0; count < 100; ++count) {
        causes.push_back({{"reason", std::string(500, 'r')}, {"message", std::string(5000, 'm')}});
    }
    const auto status =
        readStatus({.status = 422,
                    .body = statusWith({{"reason", std::string(500, 'R')},
                                        {"metadata", {{"continue", std::string(100'000, 't')}}},
                                        {"details", {{"causes", causes}}}})});
    EXPECT_THAT(status.causes, SizeIs(16));
    EXPECT_LE(status.causes.front().message.size(), 300U);
    EXPECT_LE(status.causes.front().reason.size(), 64U);
    EXPECT_LE(status.reason.size(), 64U);
    EXPECT_EQ(status.continueToken, ""); // half a token is none
}

TEST(Status, is_cut_between_two_characters) {
    for (std::size_t before = 290; before <= 301; ++before) {
        const auto body =
            statusWith({{"message", std::string(before, 'a') + "äöü€😀 and more of it"}});
        const auto message = readStatus({.status = 500, .body = body}).message;
        EXPECT_LE(message.size(), 300U);
        EXPECT_TRUE(message.ends_with("…")) << message;
        EXPECT_TRUE(isOneLineOfUtf8(message)) << before;
    }
}

TEST(Status, of_many_lines_and_control_characters_is_one_line) {
    const auto body = statusWith({{"message", std::string("\n a\r\n\tb \x1b[31m\0c\x7f ", 17)}});
    EXPECT_EQ(readStatus({.status = 500, .body = body}).message, "a b [31m c");
    EXPECT_EQ(readStatus({.status = 500, .body = "<html>\n  <b>gone\xff\xfe</b>\n"}).message,
              "<html> <b>gone"
              "?"
              "?</b>");
}

TEST(Status, of_hostile_depth_and_size_is_text) {
    const std::string deep = R"({"kind":"Status","reason":"x","a":)" + std::string(100'000, '[');
    EXPECT_EQ(readStatus({.status = 500, .body = deep}).reason, "");
    EXPECT_LE(readStatus({.status = 500, .body = deep}).message.size(), 300U);
    const auto large = statusWith({{"reason", "x"}, {"message", std::string(2'000'000, 'm')}});
    EXPECT_EQ(readStatus({.status = 500, .body = large}).reason, "");
    EXPECT_LE(readStatus(large).message.size(), 300U);
}

} // namespace
} // namespace plimsoll::kube
