// SPDX-License-Identifier: Apache-2.0
// YAML text → a small tree with line numbers, typed as kubectl and the API server type it.
//
// The tree is our own so that yaml-cpp stays in one file and hostile input meets our bounds: depth,
// number of nodes, copies made by aliases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

/// Deeper than any Kubernetes object; the parser recurses once a level.
inline constexpr std::size_t kMaxDepth = 64;
/// Nodes in one text, those copied for aliases included. A real pod has about 500.
inline constexpr std::size_t kMaxNodes = 120'000;
inline constexpr std::size_t kMaxDocuments = 2'000;
/// Keys in one map. Looking for a key is linear.
inline constexpr std::size_t kMaxKeys = 2'000;

struct YamlMember;

struct YamlNode {
    enum class Kind : std::uint8_t { null, boolean, integer, number, text, list, map };
    Kind kind = Kind::null;
    int line = 0;                     ///< from 1
    bool boolean = false;             ///< Kind::boolean
    std::int64_t integer = 0;         ///< Kind::integer
    double number = 0;                ///< Kind::integer and Kind::number
    std::string text;                 ///< any scalar, as written
    std::vector<YamlNode> items;      ///< Kind::list
    std::vector<YamlMember> members;  ///< Kind::map, first of each key
    std::vector<YamlMember> repeated; ///< Kind::map, keys that were there already

    [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

struct YamlMember {
    std::string key;
    int line = 0;
    YamlNode value;
};

/// What is wrong with the text itself.
struct YamlProblem {
    int line = 0;
    std::string reason;
};

struct YamlText {
    std::vector<YamlNode> documents;    ///< whole ones, in order; empty ones left out
    std::optional<YamlProblem> problem; ///< where reading stopped
};

/// Never throws for bad input.
YamlText parseYaml(std::string_view text);

/// "a map", "a list", "a string", … for messages.
std::string_view describe(YamlNode::Kind kind);

} // namespace plimsoll::kube
