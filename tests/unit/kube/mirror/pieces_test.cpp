// SPDX-License-Identifier: Apache-2.0
// Lists and watches come in pieces of any size.
#include "kube/mirror/list_splitter.hpp"
#include "kube/mirror/watch_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Split {
    std::vector<std::string> items;
    std::string shell;
    bool fed = true;
    bool complete = false;
};

Split split(std::string_view text, std::size_t pieceSize) {
    Split result;
    ListSplitter splitter([&result](std::optional<std::string_view> item) {
        result.items.emplace_back(item.value_or("too large"));
    });
    for (std::size_t at = 0; result.fed && at < text.size(); at += pieceSize) {
        result.fed = splitter.feed(text.substr(at, pieceSize));
    }
    result.complete = splitter.complete();
    result.shell = splitter.shell();
    return result;
}

TEST(ListSplitter, hands_out_the_items_and_keeps_the_rest_whatever_the_pieces) {
    const std::string text = R"( {"kind":"PodList","metadata":{"items":[1],"continue":"a\"]"},)"
                             R"("items": [ {"a":"}]\\\"{[","b":[[],{}]} ,{},)"
                             "\n"
                             R"( {"items":[{}]} ], "apiVersion":"v1","x":"items"})"
                             "\n";
    for (const std::size_t size : {1U, 2U, 3U, 7U, 1000U}) {
        const Split result = split(text, size);
        EXPECT_TRUE(result.fed && result.complete);
        EXPECT_THAT(result.items,
                    ElementsAre(R"({"a":"}]\\\"{[","b":[[],{}]})", "{}", R"({"items":[{}]})"));
        EXPECT_EQ(result.shell, R"({"kind":"PodList","metadata":{"items":[1],"continue":"a\"]"},)"
                                R"("items": [], "apiVersion":"v1","x":"items"})");
    }
}

TEST(ListSplitter, a_list_without_items_is_one_too) {
    for (const auto* text : {R"({"items":[]})", R"({"items":null})", "{}", R"({"items":[ ]} )"}) {
        const Split result = split(text, 1);
        EXPECT_TRUE(result.complete) << text;
        EXPECT_THAT(result.items, IsEmpty());
    }
}

TEST(ListSplitter, what_breaks_off_is_not_complete) {
    const std::string text = R"({"items":[{"a":1},{"b":2}],"kind":"x"})";
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(split(text.substr(0, size), 5).complete) << size;
    }
}

TEST(ListSplitter, refuses_what_is_no_list) {
    for (const auto* text : {"[", "404 page not found", "{}}", "{}{}", "{\"items\":[}", "<html>"}) {
        EXPECT_FALSE(split(text, 3).fed) << text;
    }
    EXPECT_FALSE(split(R"({"items":[)" + std::string(1000, '['), 100).fed) << "too deep";
    EXPECT_FALSE(split(R"({"metadata":{"continue":")" + std::string(100'000, 'x'), 4096).fed)
        << "too much around the items";
}

TEST(ListSplitter, an_item_that_is_too_large_is_left_out_and_the_others_are_not) {
    const std::string text =
        R"({"items":[{"a":1},{"b":")" + std::string(kLargestObject, 'x') + R"("},{"c":3}]})";
    const Split result = split(text, 16'384);
    EXPECT_TRUE(result.complete);
    EXPECT_THAT(result.items, ElementsAre(R"({"a":1})", "too large", R"({"c":3})"));
}

std::vector<std::string> linesOf(std::string_view text, std::size_t pieceSize) {
    std::vector<std::string> result;
    WatchLines lines([&result](std::optional<std::string_view> line) {
        result.emplace_back(line.value_or("too large"));
        return true;
    });
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        EXPECT_TRUE(lines.feed(text.substr(at, pieceSize)));
    }
    return result;
}

TEST(WatchLines, are_cut_at_their_ends_only) {
    for (const std::size_t size : {1U, 2U, 3U, 4U, 100U}) {
        EXPECT_THAT(linesOf("one\ntwo\n\nthree\nfour", size), ElementsAre("one", "two", "three"));
    }
}

TEST(WatchLines, one_that_is_too_large_is_left_out_and_the_others_are_not) {
    const std::string text = "one\n" + std::string(kLargestObject + 2000, 'x') + "\ntwo\n";
    EXPECT_THAT(linesOf(text, 10'000), ElementsAre("one", "too large", "two"));
}

TEST(WatchLines, nothing_follows_the_line_after_which_nothing_is_wanted) {
    int lines = 0;
    WatchLines watch([&lines](auto) { return ++lines < 2; });
    EXPECT_FALSE(watch.feed("one\ntwo\nthree\n"));
    EXPECT_EQ(lines, 2);
}

} // namespace
} // namespace plimsoll::kube
