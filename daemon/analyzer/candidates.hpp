// SPDX-License-Identifier: Apache-2.0
// Which pods may be touched at all, and in which order.
#pragma once

#include "daemon/model/pod.hpp"
#include "daemon/model/units.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::analyzer {

/// Why this pod can never be a candidate; empty: it may be one. What is said of a cgroup without a
/// Pod object is kUnknownPod.
std::string exemption(const Pod& pod);

inline constexpr std::string_view kUnknownPod = "no Pod object is known for this cgroup";

/// What the order looks at.
struct CandidateFacts {
    Millicores elasticCpu; ///< 0: uses none
    std::int32_t priority = 0;
    QosClass qosClass = QosClass::unknown;
    Millicores usage;
    std::optional<std::int64_t> startTime;
    std::string_view name; ///< namespace/name
    std::string_view path; ///< of the cgroup: two pods of one name follow each other
};

/// Whether `a` is touched before `b`. A total order: elastic first, lower priority, QoS class,
/// larger usage, smaller share of its elastic CPU in use, no start time, younger, name.
bool isTouchedBefore(const CandidateFacts& a, const CandidateFacts& b);

/// The same, with what is compared worked out beforehand.
struct CandidateRank {
    /// Ascending: not elastic, priority, class, usage down, elastic share, youngest first.
    std::array<std::int64_t, 6> numbers{};
    std::string_view name;
    std::string_view path;

    friend auto operator<=>(const CandidateRank&, const CandidateRank&) = default;
};
CandidateRank rankOf(const CandidateFacts& facts);

} // namespace plimsoll::analyzer
