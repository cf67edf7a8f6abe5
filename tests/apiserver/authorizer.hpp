// SPDX-License-Identifier: Apache-2.0
// Who may do what: the Node authorizer, RBAC by the ClusterRoles in the store, NodeRestriction.
#pragma once

#include "tests/apiserver/request.hpp"
#include "tests/apiserver/store.hpp"

#include <optional>

namespace plimsoll::test::apiserver {

/// The 403 of a request that must not be carried out. `isOld`: 1.20, which let nodes read all.
std::optional<Reply> refusal(const Request& request, const Store& store, bool isOld);

/// What NodeRestriction says to a change of the node's own objects; `after` is the object as it
/// would become, before status and main resource are taken apart.
std::optional<Reply> restriction(const Request& request, const Json& before, const Json& after);

Reply forbidden(const Request& request, const std::string& reason);

} // namespace plimsoll::test::apiserver
