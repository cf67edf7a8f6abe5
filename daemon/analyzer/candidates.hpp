// SPDX-License-Identifier: Apache-2.0
// Which pods may be touched at all, and in which order.
#pragma once

#include "daemon/model/limit.hpp"
#include "daemon/model/metric_spec.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/units.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
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
    Bytes elasticMemory;   ///< 0: uses none
    std::int32_t priority = 0;
    QosClass qosClass = QosClass::unknown;
    Resources usage;
    double metricValue = 0; ///< of the pod's own series of the rule's metric; 0: it has none
    std::optional<std::int64_t> startTime;
    std::string_view name; ///< namespace/name
    std::string_view path; ///< of the cgroup: two pods of one name follow each other

    [[nodiscard]] bool usesElastic() const {
        return elasticCpu.value > 0 || elasticMemory.value > 0;
    }
};

/// What is compared, worked out beforehand: a total order, touched first is less.
struct CandidateRank {
    static constexpr std::size_t kMostKeys = 9; ///< as many as there are sort keys
    std::array<std::int64_t, kMostKeys> numbers{};
    std::string_view name;
    std::string_view path;

    friend auto operator<=>(const CandidateRank&, const CandidateRank&) = default;
};

/// By `order`, the first key first; then by name. A key that is named twice counts once.
CandidateRank rankOf(const CandidateFacts& facts, std::span<const SortKey> order);

} // namespace plimsoll::analyzer
