// SPDX-License-Identifier: Apache-2.0
// The patches that close a node and open it again, each good only for the Node it was made from.
// Pure.
#pragma once

#include "kube/actions/node_view.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::kube {

struct NodePatch {
    std::string contentType;
    std::string body;
    bool changesTaints = false;
};

/// A merge patch that the server takes only for this version of the Node. The bit, the mark and the
/// taint in one. For a Node that is not closed by others.
/// None of `taint`: none is set, and one that we set before is taken away.
NodePatch closePatch(const NodeView& node, const std::vector<RuleKey>& causes,
                     const std::optional<TaintSetting>& taint, const std::string& now);
/// For credentials that may not change taints: they stay as they are.
NodePatch closePatchWithoutTaint(const NodeView& node, const std::vector<RuleKey>& causes,
                                 const std::string& now);

/// A JSON patch that tests all that it takes away; for a Node with our mark.
NodePatch openPatch(const NodeView& node);
NodePatch openPatchWithoutTaint(const NodeView& node);

} // namespace plimsoll::kube
