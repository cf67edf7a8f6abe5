// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.hpp"
#include "kube/resources.hpp"

namespace plimsoll::kube {

Node decodeNode(const Field& object) {
    const Field status = object.at("status");
    const Field allocatable = status.at("allocatable");
    status.isMap();
    allocatable.isMap();
    return {.name = {},
            .labels = object.at("metadata").at("labels").labels(),
            .elasticCpu = decodeCores(allocatable.at("gocrane.io/cpu"))};
}

} // namespace plimsoll::kube
