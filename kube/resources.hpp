// SPDX-License-Identifier: Apache-2.0
// What containers ask for and may use.
#pragma once

#include "kube/field.hpp"

#include <optional>
#include <vector>

namespace plimsoll::kube {

/// A quantity that is not negative; in cores.
std::optional<Millicores> decodeCores(const Field& field);
std::optional<Bytes> decodeBytes(const Field& field);

/// core/v1 ResourceRequirements, of a container or of a pod.
ContainerResources decodeResources(const Field& resources);

struct Containers {
    std::vector<ContainerResources> running; ///< containers and sidecars, without what only starts
    std::optional<ContainerResources> startup; ///< as Pod has it
    std::vector<ContainerResources> all;       ///< what the QoS class is computed from
};
/// Of a PodSpec.
Containers decodeContainers(const Field& spec);

/// The class that Kubernetes gives a pod with these containers.
QosClass computeQosClass(const std::vector<ContainerResources>& containers);

} // namespace plimsoll::kube
