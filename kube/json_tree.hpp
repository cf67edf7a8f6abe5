// SPDX-License-Identifier: Apache-2.0
// JSON text → the tree that the decoders read, within the bounds of yaml_tree.hpp.
#pragma once

#include "kube/yaml_tree.hpp"

#include <string_view>

namespace plimsoll::kube {

/// One document, or none and the problem. Never throws for bad input. Lines are not counted: an
/// answer of the API server has but one.
YamlText parseJson(std::string_view text);

} // namespace plimsoll::kube
