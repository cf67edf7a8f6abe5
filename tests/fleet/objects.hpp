// SPDX-License-Identifier: Apache-2.0
// Objects of the size that they have in clusters.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace plimsoll::fleet {

using Json = nlohmann::json;

Json pod(const std::string& node, int number, std::size_t bytes);
Json nodeWithImages(const std::string& name, std::size_t bytes);
/// One of the three kinds in turn.
Json policy(int number, std::size_t bytes);

} // namespace plimsoll::fleet
