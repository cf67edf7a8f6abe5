// SPDX-License-Identifier: Apache-2.0
// Where this node's kubelet has its kubeconfig.
#pragma once

#include <string>
#include <vector>

namespace plimsoll::kube {

/// What the running kubelet was told (--kubeconfig), then the usual places. Not all of them exist.
/// `root` stands before /proc and the places, for tests.
std::vector<std::string> kubeconfigPlaces(const std::string& root = "");

} // namespace plimsoll::kube
