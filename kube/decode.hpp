// SPDX-License-Identifier: Apache-2.0
// One decoder per kind, each in a file of its name. They report into the field's Report; whether
// the object can be used is told by Report::failed(), and the value is meaningful only when it is
// not.
#pragma once

#include "kube/field.hpp"

#include <optional>
#include <vector>

namespace plimsoll::kube {

NodeQos decodeNodeQos(const Field& object);
PodQos decodePodQos(const Field& object);
AvoidanceAction decodeAvoidanceAction(const Field& object);
Pod decodePod(const Field& object);
Node decodeNode(const Field& object);

/// metav1.LabelSelector; none when absent.
std::optional<LabelSelector> decodeLabelSelector(const Field& selector);
/// PodQOS.spec.scopeSelector; none when absent.
std::optional<std::vector<ScopeRequirement>> decodeScopeSelector(const Field& selector);

/// core/v1 HTTPGetAction with the time-out that stands beside it; none when absent.
std::optional<HttpProbe> decodeHttpProbe(const Field& httpGet, const Field& timeoutSeconds);

/// Fields of the custom resources that nothing here acts on yet: the type is checked, and one
/// warning says so.
void checkNodeSettings(const Field& spec); ///< elasticCpuLimit, memLimit, netLimits, …
void checkPodSettings(const Field& spec);  ///< resourceQOS

} // namespace plimsoll::kube
