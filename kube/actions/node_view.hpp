// SPDX-License-Identifier: Apache-2.0
// What a Node says about whether new pods may come to it, and what we wrote there. Pure.
#pragma once

#include "kube/actions/scheduling.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

/// The content of kCordonAnnotation.
struct CordonMark {
    std::vector<RuleKey> causes;
    std::string since;                 ///< RFC 3339; empty: not known
    std::optional<TaintSetting> taint; ///< that was set with the cordon, whatever is configured now
    friend bool operator==(const CordonMark&, const CordonMark&) = default;
};
std::string format(const CordonMark& mark);
/// Of any text: what is not understood is left out, so a garbled mark is one without causes.
CordonMark readMark(std::string_view text);

struct NodeView {
    std::string name;
    std::string resourceVersion;
    bool unschedulable = false;
    std::optional<std::string> mark; ///< the annotation as it stands there
    nlohmann::json taints;           ///< the list as it stands there; null: none
};
/// None: it is no Node.
std::optional<NodeView> readNode(std::string_view text);

/// Empty where there is none.
CordonMark markOf(const NodeView& node);
NodeClosure closureOf(const NodeView& node);

/// Both are decimal numbers, and the first is the smaller one.
bool isOlderVersion(std::string_view resourceVersion, std::string_view than);

} // namespace plimsoll::kube
