// SPDX-License-Identifier: Apache-2.0
// What an unquoted YAML word is: the rules of the YAML library that kubectl uses (YAML 1.1
// booleans, so that "yes" and "off" mean there what they mean here).
#pragma once

#include "kube/yaml_tree.hpp"

namespace plimsoll::kube {

/// Sets kind and value of a node from its plain (unquoted) text.
void resolvePlainScalar(YamlNode& node);

} // namespace plimsoll::kube
