// SPDX-License-Identifier: Apache-2.0
#include "kube/json_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace plimsoll::kube {
namespace {

using testing::HasSubstr;

YamlNode valueOf(const std::string& json) {
    const YamlText text = parseJson(R"({"a":)" + json + "}");
    EXPECT_FALSE(text.problem) << text.problem->reason;
    const YamlNode* value = text.documents.empty() ? nullptr : text.documents[0].find("a");
    return value == nullptr ? YamlNode() : *value;
}

std::string problemOf(const std::string& json) {
    const YamlText text = parseJson(json);
    EXPECT_TRUE(text.documents.empty()) << json;
    return text.problem ? text.problem->reason : "";
}

TEST(JsonTree, strings_are_never_anything_else) {
    for (const auto* word : {"yes", "null", "12", "1e3", "~", "0x1f"}) {
        EXPECT_EQ(valueOf('"' + std::string(word) + '"').kind, YamlNode::Kind::text) << word;
    }
    EXPECT_EQ(valueOf(R"("a\nü\u00e9")").text, "a\nüé");
}

TEST(JsonTree, numbers_are_whole_where_their_value_is) {
    EXPECT_EQ(valueOf("7").integer, 7);
    EXPECT_EQ(valueOf("-7").integer, -7);
    EXPECT_EQ(valueOf("2.0").kind, YamlNode::Kind::integer);
    EXPECT_EQ(valueOf("1e3").integer, 1000);
    EXPECT_EQ(valueOf("80.5").kind, YamlNode::Kind::number);
    EXPECT_EQ(valueOf("80.5").number, 80.5);
    EXPECT_EQ(valueOf("80.50").text, "80.50") << "as written";
    EXPECT_EQ(valueOf("18446744073709551615").kind, YamlNode::Kind::number);
}

TEST(JsonTree, the_other_kinds) {
    EXPECT_TRUE(valueOf("true").boolean);
    EXPECT_EQ(valueOf("false").kind, YamlNode::Kind::boolean);
    EXPECT_EQ(valueOf("null").kind, YamlNode::Kind::null);
    EXPECT_EQ(valueOf("[[1],{}]").items.size(), 2U);
    EXPECT_EQ(valueOf(R"({"b":{"c":1},"d":2})").find("d")->integer, 2);
}

TEST(JsonTree, a_key_that_stands_twice_is_kept_apart) {
    const YamlNode map = valueOf(R"({"b":1,"b":{"c":2},"d":3})");
    EXPECT_EQ(map.find("b")->integer, 1);
    ASSERT_EQ(map.repeated.size(), 1U);
    EXPECT_EQ(map.repeated[0].value.find("c")->integer, 2);
    EXPECT_EQ(map.find("d")->integer, 3);
}

TEST(JsonTree, what_is_no_json_is_refused) {
    for (const auto* text : {"", "{", "{\"a\":}", "nul", "{\"a\":1}x", "\"\xff\"", "{\"a\":1e999}",
                             "{a: 1}", "\"\\ud800\""}) {
        EXPECT_NE(problemOf(text), "") << text;
    }
}

TEST(JsonTree, is_bounded_in_depth_keys_and_values) {
    const std::size_t deep = kMaxDepth + 1;
    EXPECT_THAT(problemOf(std::string(deep, '[') + std::string(deep, ']')), HasSubstr("deeper"));
    EXPECT_THAT(problemOf(std::string(1'000'000, '[')), HasSubstr("deeper"));
    std::string keys = "{\"k\":1";
    for (std::size_t i = 0; i <= kMaxKeys; ++i) {
        keys += ",\"k" + std::to_string(i) + "\":1";
    }
    EXPECT_THAT(problemOf(keys + "}"), HasSubstr("keys in one map"));
    std::string values = "[1";
    for (std::size_t i = 0; i <= kMaxNodes; ++i) {
        values += ",1";
    }
    EXPECT_THAT(problemOf(values + "]"), HasSubstr("values in one object"));
}

} // namespace
} // namespace plimsoll::kube
