// SPDX-License-Identifier: Apache-2.0
// What an eviction asks for, and what the answers to it mean. Pure.
#pragma once

#include "kube/actions/evictions.hpp"
#include "kube/api/status.hpp"

#include <cstdint>
#include <string>

namespace plimsoll::kube {

/// policy/v1 is there since 1.22.
enum class PolicyVersion : std::uint8_t { v1, v1beta1 };

/// An error: the names cannot be those of a pod.
Result<ApiRequest> evictionRequest(const EvictionOrder& order, PolicyVersion version);

/// The server does not know Eviction in this version.
bool lacksVersion(const ApiStatus& status, PolicyVersion version);

EvictionAnswer readEviction(const EvictionOrder& order, const ApiStatus& status);

} // namespace plimsoll::kube
