// SPDX-License-Identifier: Apache-2.0
// "did you mean …?" for misspelt names.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <ranges>
#include <string_view>
#include <vector>

namespace plimsoll {

/// How many letters must be inserted, removed or replaced to get from `a` to `b`; case is ignored.
inline std::size_t editDistance(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

/// "selector" in "labelSelector"; case is ignored. Not for short words, which are in everything.
inline bool isPartOf(std::string_view word, std::string_view name) {
    constexpr std::size_t kLongEnough = 4;
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return word.size() >= kLongEnough && !std::ranges::search(name, word, same).empty();
}

/// The known name nearest to `word`; empty when none is near enough to be what was meant.
template <std::ranges::input_range Names>
std::string_view suggestion(std::string_view word, const Names& names) {
    constexpr std::size_t kLongestName = 64; // longer ones are no typing mistakes
    if (word.size() > kLongestName) {
        return {};
    }
    std::string_view best;
    std::size_t bestDistance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view name : names) {
        const std::size_t distance = isPartOf(word, name) ? 1 : editDistance(word, name);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = name;
        }
    }
    return best;
}

} // namespace plimsoll
