// SPDX-License-Identifier: Apache-2.0
// The objects of the cluster that this node needs, each cut down to the fields that are used.
#pragma once

#include "daemon/model/policy.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace plimsoll::kube {

enum class Kind : std::uint8_t { nodeQos, podQos, avoidanceAction, pod, node };
inline constexpr std::array kKinds{Kind::nodeQos, Kind::podQos, Kind::avoidanceAction, Kind::pod,
                                   Kind::node};
/// "NodeQOS", …, "Pod", "Node".
std::string_view name(Kind kind);

struct StoredObject {
    std::string resourceVersion;
    /// A whole object with apiVersion and kind, cut down (fields.hpp), and without
    /// metadata.resourceVersion: it is the same as long as nothing that is read of it changes.
    std::string json;
    friend bool operator==(const StoredObject&, const StoredObject&) = default;
};

class ObjectStore {
public:
    using Objects =
        std::map<std::string, StoredObject, std::less<>>; ///< by "name", pods by "namespace/name"

    [[nodiscard]] const Objects& of(Kind kind) const {
        return objects_.at(static_cast<std::size_t>(kind));
    }
    [[nodiscard]] Objects& of(Kind kind) { return objects_.at(static_cast<std::size_t>(kind)); }

private:
    std::array<Objects, kKinds.size()> objects_;
};

/// As decodeObjects() does with files; the origin of each is "cluster".
PolicySet decode(const ObjectStore& store);

} // namespace plimsoll::kube
