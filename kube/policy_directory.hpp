// SPDX-License-Identifier: Apache-2.0
// policies.d/*.yaml → PolicySet: the custom resources, and Pods and the Node where no cluster is.
// And the same objects as the cluster has them.
#pragma once

#include "daemon/model/policy.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::kube {

inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;
/// Policies (of the three kinds together) in one set, and as many pods.
inline constexpr std::size_t kMaxObjects = 1000;

/// Decodes every YAML document of `text` into `into`. Never throws for bad input: what cannot be
/// used is a Refusal with file, line, path and reason, and the other objects go on. The same object
/// (kind and name) twice is refused the second time.
void decodeObjects(std::string_view text, const std::string& file, PolicySet& into);

/// The same with one object of the cluster, as JSON.
void decodeJson(std::string_view text, PolicySet& into);

/// Warns of rules and PodQOS that name an AvoidanceAction which is not in the set. To be called
/// when the set is complete.
void checkReferences(PolicySet& set);

/// Reads every *.yaml and *.yml of the directory in order of name. A missing directory is an empty
/// set with a warning.
PolicySet loadPolicyDirectory(const std::string& directory);

/// The node's own files and what the cluster has, in one set with its references checked. Where
/// both have an object of one name (pods: also of one uid) the file counts, and the object of the
/// cluster is shown as not used, with the file's place.
PolicySet merge(const PolicySet& local, const PolicySet& cluster);

} // namespace plimsoll::kube
