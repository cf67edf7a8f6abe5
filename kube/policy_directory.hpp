// SPDX-License-Identifier: Apache-2.0
// policies.d/*.yaml → PolicySet: the custom resources, and Pods and the Node where no cluster is.
#pragma once

#include "daemon/model/policy.hpp"

#include <string>
#include <string_view>

namespace plimsoll::kube {

/// Decodes every YAML document of `text` into `into`. Never throws for bad input: what cannot be
/// used is a Refusal with file, line, path and reason, and the other objects go on.
void decodeObjects(std::string_view text, const std::string& file, PolicySet& into);

/// Reads every *.yaml and *.yml of the directory in order of name. The same object (kind and name)
/// twice is refused the second time. A missing directory is an empty set with a warning.
PolicySet loadPolicyDirectory(const std::string& directory);

} // namespace plimsoll::kube
