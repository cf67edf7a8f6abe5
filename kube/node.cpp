// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.hpp"

namespace plimsoll::kube {

Node decodeNode(const Field& object) {
    return {.name = {}, .labels = object.at("metadata").at("labels").labels()};
}

} // namespace plimsoll::kube
