// SPDX-License-Identifier: Apache-2.0
// JSON from outside.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// None: it is no JSON, or deeper than 64 levels. Strings in it are UTF-8.
std::optional<nlohmann::json> boundedJson(std::string_view text);

/// Empty: `object` has no such string.
std::string stringAt(const nlohmann::json& object, const char* name);
/// An empty object: `object` has no such object.
const nlohmann::json& objectAt(const nlohmann::json& object, const char* name);

} // namespace plimsoll::kube
