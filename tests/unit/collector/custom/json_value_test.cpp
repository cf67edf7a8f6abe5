// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/json_value.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace plimsoll::collector {
namespace {

Result<double> numberAt(std::string_view json, std::string_view where) {
    const auto text = JsonText::read(json);
    return text ? text->numberAt(where) : std::unexpected(text.error());
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + "1" + std::string(levels, ']');
}

TEST(JsonValue, refuses_what_is_no_json) {
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("{\"a\": 1,}"), std::string("{\"a\": 1} x"),
          std::string("{\"a\": \"\xff\"}"), std::string("{\"a\": 1e999}"),
          std::string("{\"a\": NaN}"), std::string("{\"a\": 1}\0x", 10), nested(65),
          std::string(1'000'000, '['), "{\"a\": 1, \"deep\": " + nested(64) + "}"}) {
        const auto number = numberAt(text, "a");
        ASSERT_FALSE(number) << text.substr(0, 40);
        EXPECT_EQ(number.error().what, "it is no JSON, or deeper than 64 levels");
    }
}

struct Row {
    std::string json;
    std::string where;
    std::string error;
};

TEST(JsonValue, refuses_what_is_not_there_or_no_number) {
    for (const auto& [json, where, error] : std::vector<Row>{
             {"{}", "a", "there is no a in the JSON"},
             {"{\"a\": {}}", "a.b", "there is no a.b in the JSON"},
             {"{\"a\": 1}", "a.b", "there is no a.b in the JSON"},
             {"{\"a\": 1}", "", "there is no  in the JSON"},
             {"[1]", "/1", "there is no /1 in the JSON"},
             {"[1]", "/00", "there is no /00 in the JSON"},
             {"[1]", "/-", "there is no /- in the JSON"},
             {"[1]", "/", "there is no / in the JSON"},
             {"[1]", "/99999999999999999999", "there is no /99999999999999999999 in the JSON"},
             {"{}", "/a~2", "/a~2 is no JSON pointer: '~' stands only in ~0 and ~1"},
             {"{}", "/a~", "/a~ is no JSON pointer: '~' stands only in ~0 and ~1"},
             {"{\"a\": true}", "a", "a of the JSON is no finite number"},
             {"{\"a\": null}", "/a", "/a of the JSON is no finite number"},
             {"{\"a\": [1]}", "a", "a of the JSON is no finite number"},
             {"{\"a\": \"\"}", "a", "a of the JSON is no finite number"},
             {"{\"a\": \"12 ms\"}", "a", "a of the JSON is no finite number"},
             {"{\"a\": \"NaN\"}", "a", "a of the JSON is no finite number"},
             {"{\"a\": \"inf\"}", "a", "a of the JSON is no finite number"},
         }) {
        const auto number = numberAt(json, where);
        ASSERT_FALSE(number) << json;
        EXPECT_EQ(number.error().what, error);
    }
}

struct Found {
    std::string json;
    std::string where;
    double value;
};

TEST(JsonValue, finds_members_by_name_and_by_pointer) {
    for (const auto& [json, where, value] : std::vector<Found>{
             {"{\"a\": 12}", "a", 12},
             {"{\"a\": -1.5e3}", "/a", -1500},
             {"{\"a\": \"2.5\"}", "a", 2.5},
             {"{\"a\": {\"b.c\": 3}}", "/a/b.c", 3},
             {"{\"a\": {\"b\": 4}}", "a.b", 4},
             {"{\"q\": [{\"n\": 5}, {\"n\": 6}]}", "/q/1/n", 6},
             {"{\"q\": [7]}", "q.0", 7},
             {"{\"a/b\": {\"~\": 8}}", "/a~1b/~0", 8},
             {"{\"\": 9}", "/", 9},
             {"{\"a\": \"\\\\\", \"b\": \"[\\\"{\", \"c\": 10}", "c", 10},
             {"{\"a\": \"" + std::string(65, '[') + "\", \"b\": 11}", "b", 11},
             {"{\"a\": 18446744073709551615}", "a", 18446744073709551615.0},
             {nested(64),
              "/" + std::string("0") +
                  [] {
                      std::string rest;
                      for (int level = 1; level < 64; ++level) {
                          rest += "/0";
                      }
                      return rest;
                  }(),
              1},
         }) {
        const auto number = numberAt(json, where);
        ASSERT_TRUE(number) << where << ": " << number.error().what;
        EXPECT_EQ(*number, value) << where;
    }
}

/// 95 272 small objects side by side. A parser that looks at all of them at the end of each took 3
/// s of a CPU, optimised, for each number. CPU time, so that a busy machine does not matter.
TEST(JsonValue, takes_no_longer_for_what_stands_beside_the_number) {
    std::string text = R"({"list": [)";
    while (text.size() < 1'048'000) {
        text += R"({"k": 1.5},)";
    }
    text += R"(0], "a": 1})";
    const std::clock_t before = std::clock();
    const auto json = JsonText::read(text);
    ASSERT_TRUE(json) << json.error().what;
    for (int times = 0; times < 10; ++times) {
        ASSERT_EQ(json->numberAt("a"), 1);
    }
    EXPECT_LT(std::clock() - before, 2 * CLOCKS_PER_SEC);
}

} // namespace
} // namespace plimsoll::collector
