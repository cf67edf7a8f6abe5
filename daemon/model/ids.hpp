// SPDX-License-Identifier: Apache-2.0
// Names that must not be mistaken for one another.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace plimsoll {

template <class Tag>
struct Id {
    std::string value;

    Id() = default;
    explicit Id(std::string text) : value(std::move(text)) {}
    [[nodiscard]] bool empty() const { return value.empty(); }
    friend auto operator<=>(const Id&, const Id&) = default;
};

/// metadata.uid with dashes, as the API server writes it, also where the cgroup name has
/// underscores.
using PodUid = Id<struct PodUidTag>;
/// 64 hex digits, without the runtime's prefix and ".scope".
using ContainerId = Id<struct ContainerIdTag>;
/// Path below the cgroup2 mount, with a leading slash: "/kubepods.slice/kubepods-besteffort.slice".
using CgroupPath = Id<struct CgroupPathTag>;

/// A rule is known by the object that holds it and its name there.
struct RuleKey {
    std::string policy; ///< metadata.name of the NodeQOS
    std::string rule;   ///< rules[].name
    friend auto operator<=>(const RuleKey&, const RuleKey&) = default;
    [[nodiscard]] std::string text() const { return policy + "/" + rule; }
};

} // namespace plimsoll

template <class Tag>
struct std::hash<plimsoll::Id<Tag>> {
    std::size_t operator()(const plimsoll::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.value);
    }
};
