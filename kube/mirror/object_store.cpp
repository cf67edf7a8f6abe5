// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/object_store.hpp"

#include "kube/policy_directory.hpp"

namespace plimsoll::kube {

std::string_view name(Kind kind) {
    switch (kind) {
    case Kind::nodeQos: return "NodeQOS";
    case Kind::podQos: return "PodQOS";
    case Kind::avoidanceAction: return "AvoidanceAction";
    case Kind::pod: return "Pod";
    case Kind::node: return "Node";
    }
    return {};
}

PolicySet decode(const ObjectStore& store) {
    PolicySet result;
    for (const Kind kind : kKinds) {
        for (const auto& [key, object] : store.of(kind)) {
            decodeJson(object.json, result);
        }
    }
    return result;
}

} // namespace plimsoll::kube
