// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace plimsoll::kube {
namespace {

using testing::HasSubstr;

std::string times(int count, const std::string& text) {
    std::string result;
    for (int i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

std::string problemOf(const std::string& text) {
    const auto yaml = parseYaml(text);
    return yaml.problem ? std::to_string(yaml.problem->line) + ": " + yaml.problem->reason : "";
}

const YamlNode& only(const YamlText& yaml, std::string_view key) {
    static const YamlNode kNone;
    const auto* node = yaml.documents.size() == 1 ? yaml.documents[0].find(key) : nullptr;
    return node == nullptr ? kNone : *node;
}

TEST(YamlTree, bounds_the_depth_whatever_opens_a_level) {
    constexpr int kMany = 200'000;
    for (const auto* opens : {"[", "{a: ", "- ", "? ", "[{a: "}) {
        EXPECT_THAT(problemOf(times(kMany, opens)), HasSubstr("deeper than 64")) << opens;
    }
    std::string indented;
    for (int i = 0; i < 500; ++i) {
        indented += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    EXPECT_THAT(problemOf(indented), HasSubstr("deeper than 64"));
}

TEST(YamlTree, bounds_what_aliases_multiply) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string previous = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
                times(9, previous + ", ") + previous + "]\n";
    }
    EXPECT_THAT(problemOf(bomb), HasSubstr("more than 120000 values"));
}

TEST(YamlTree, bounds_the_depth_of_nested_aliases) {
    std::string deep = "a0: &a0 [x]\n";
    for (int i = 1; i < 100; ++i) {
        deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                std::to_string(i - 1) + "]\n";
    }
    EXPECT_THAT(problemOf(deep), HasSubstr("deeper than 64"));
}

TEST(YamlTree, refuses_an_alias_inside_its_own_anchor) {
    EXPECT_EQ(problemOf("a: 1\nb: &b [*b]\n"), "2: an alias stands inside what it is an alias of");
}

TEST(YamlTree, bounds_documents_and_keys) {
    EXPECT_THAT(problemOf(times(3000, "--- a\n")), HasSubstr("more than 2000 documents"));
    std::string wide;
    for (int i = 0; i < 3000; ++i) {
        wide += "k" + std::to_string(i) + ": 1\n";
    }
    EXPECT_EQ(problemOf(wide), "2001: more than 2000 keys in one map");
}

TEST(YamlTree, a_key_is_a_word) {
    EXPECT_EQ(problemOf("a: 1\n? [x]\n: 1\n"), "2: a key must be a word, not a list");
}

TEST(YamlTree, keeps_the_documents_before_a_syntax_error) {
    const auto yaml = parseYaml("a: 1\n---\n---\nb: 2\n---\nc: [\nd: }\n---\ne: 5\n");
    ASSERT_EQ(yaml.documents.size(), 2U) << "the empty one is left out";
    EXPECT_EQ(yaml.documents[1].line, 4);
    ASSERT_TRUE(yaml.problem);
    EXPECT_GE(yaml.problem->line, 6);
    EXPECT_THAT(yaml.problem->reason, HasSubstr("not valid YAML"));
}

TEST(YamlTree, remembers_keys_that_stand_twice) {
    const auto yaml = parseYaml("a: 1\nb: 2\na: 3\n");
    ASSERT_EQ(yaml.documents.size(), 1U);
    EXPECT_EQ(only(yaml, "a").integer, 1);
    ASSERT_EQ(yaml.documents[0].repeated.size(), 1U);
    EXPECT_EQ(yaml.documents[0].repeated[0].line, 3);
}

TEST(YamlTree, merges_defaults_without_calling_them_twice) {
    const auto yaml = parseYaml("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
    const auto& use = only(yaml, "use");
    ASSERT_EQ(use.members.size(), 2U);
    EXPECT_EQ(use.find("x")->integer, 1);
    EXPECT_EQ(use.find("y")->integer, 3);
    EXPECT_TRUE(use.repeated.empty());
    EXPECT_THAT(problemOf("<<: 5\n"), HasSubstr("must name a map"));
}

struct TypedScalar {
    const char* text;
    YamlNode::Kind kind;
    double number = 0;
};

TEST(YamlTree, types_words_as_kubectl_does) {
    using enum YamlNode::Kind;
    for (const auto& row : {
             TypedScalar{"~", null},
             TypedScalar{"null", null},
             TypedScalar{"yes", boolean},
             TypedScalar{"off", boolean},
             TypedScalar{"True", boolean},
             TypedScalar{"tRUE", text},
             TypedScalar{"'yes'", text},
             TypedScalar{"\"5\"", text},
             TypedScalar{"!!str 5", text},
             TypedScalar{"!!int '5'", integer, 5},
             TypedScalar{"6000", integer, 6000},
             TypedScalar{"-100", integer, -100},
             TypedScalar{"0x1f", integer, 31},
             TypedScalar{"010", integer, 8},
             TypedScalar{"0o10", integer, 8},
             TypedScalar{"1_000", integer, 1000},
             TypedScalar{"1e3", integer, 1000},
             TypedScalar{"2.0", integer, 2},
             TypedScalar{"80.5", number, 80.5},
             TypedScalar{".5", number, 0.5},
             TypedScalar{"2Gi", text},
             TypedScalar{"500m", text},
             TypedScalar{"-100-10", text},
             TypedScalar{"1.2.3", text},
             TypedScalar{"infinity", text},
             TypedScalar{"nan", text},
             TypedScalar{"_1", text},
             TypedScalar{"0x", text},
             TypedScalar{"-", text},
             TypedScalar{"99999999999999999999", number, 1e20},
         }) {
        const auto yaml = parseYaml("a: " + std::string(row.text) + "\n");
        const auto& node = only(yaml, "a");
        if (std::string_view(row.text) == "-") {
            continue; // a list with nothing in it, or an error: not a word
        }
        EXPECT_EQ(node.kind, row.kind) << row.text;
        EXPECT_EQ(node.number, row.number) << row.text;
    }
}

TEST(YamlTree, survives_bytes_that_are_no_text) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        static_cast<void>(parseYaml(one));
        static_cast<void>(parseYaml("a: " + one + "\nb: 1\n"));
        static_cast<void>(parseYaml("a: \"" + one + "\\" + one + "\"\n"));
    }
    static_cast<void>(parseYaml(std::string("\xff\xfe\0a\0:\0", 8)));
}

} // namespace
} // namespace plimsoll::kube
