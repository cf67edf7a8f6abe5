// SPDX-License-Identifier: Apache-2.0
// Whose credentials these are, where they do not say so themselves.
#pragma once

#include "kube/api/api.hpp"

#include <functional>
#include <optional>
#include <string>

namespace plimsoll::kube {

/// "system:node:node-a"; none: there is no answer, or the server is older than 1.28 and does not
/// tell. `known` is called once, later, from the loop.
[[nodiscard]] http::Call whoAmI(Api& api,
                                std::function<void(std::optional<std::string> userName)> known);

} // namespace plimsoll::kube
