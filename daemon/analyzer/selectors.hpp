// SPDX-License-Identifier: Apache-2.0
// Who is meant: Kubernetes label selectors, and the scopes of a PodQOS.
#pragma once

#include "daemon/model/pod.hpp"
#include "daemon/model/policy.hpp"

#include <optional>
#include <string_view>

namespace plimsoll::analyzer {

/// All requirements hold; one without requirements matches everything.
/// NotIn passes when the key is missing; In never does, not even for the value "".
bool matches(const LabelSelector& selector, const Labels& labels);
/// The same for something with one label.
bool matches(const LabelSelector& selector, std::string_view key, std::string_view value);

bool matches(const ScopeRequirement& requirement, const Pod& pod);

/// Labels AND scopes. With neither the PodQOS matches no pod; a present but empty selector matches
/// every pod.
bool selects(const PodQos& podQos, const Pod& pod);

/// An absent or empty selector means every node. Where the Node object is unknown, a NodeQOS that
/// asks for labels does not count: it may be meant for others.
bool selectsNode(const NodeQos& nodeQos, const std::optional<Node>& node);

} // namespace plimsoll::analyzer
