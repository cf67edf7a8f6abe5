// SPDX-License-Identifier: Apache-2.0
// Where the API server keeps what we ask for. Pure.
#pragma once

#include "daemon/model/error.hpp"

#include <string>
#include <string_view>

namespace plimsoll::kube::path {

// A name that Kubernetes would not allow is an error: it could lead somewhere else.

/// "/api/v1/nodes/node-a".
Result<std::string> node(std::string_view name);
/// To write only: nodes may not read it.
Result<std::string> nodeStatus(std::string_view name);
/// A list of that Node; nodes may watch no other way.
Result<std::string> onlyNode(std::string_view name);
/// The list of its Pods, which is the only one that a node may have.
Result<std::string> podsOfNode(std::string_view nodeName);
Result<std::string> eviction(std::string_view namespaceName, std::string_view podName);
Result<std::string> events(std::string_view namespaceName);
Result<std::string> event(std::string_view namespaceName, std::string_view name);
/// The list of a kind of Crane's: "nodeqoss", "podqoss", "avoidanceactions".
Result<std::string> ensurance(std::string_view plural);

/// With one more parameter, encoded, behind '?' or '&'.
std::string with(std::string path, std::string_view name, std::string_view value);
/// Whatever RFC 3986 does not call unreserved becomes %XX.
std::string percentEncoded(std::string_view text);

} // namespace plimsoll::kube::path
