// SPDX-License-Identifier: Apache-2.0
// YAML files → the JSON objects in them, and where the API server keeps such an object.
#pragma once

#include "daemon/model/error.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace plimsoll::conformance {

/// Objects of a List one by one. An error names the file.
Result<std::vector<nlohmann::json>> objectsIn(const std::string& file);

/// "/api/v1/namespaces/kube-system/serviceaccounts" of a ServiceAccount; an error for a kind that
/// none of the manifests and examples has.
Result<std::string> collectionOf(const nlohmann::json& object);

} // namespace plimsoll::conformance
