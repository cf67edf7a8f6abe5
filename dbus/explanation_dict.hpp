// SPDX-License-Identifier: Apache-2.0
// The decisions that are kept, as D-Bus values and bounded to what a message should hold.
#pragma once

#include "daemon/model/explanation.hpp"
#include "dbus/sdbus_compat.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::dbus {

/// What Explain() answers, as org.plimsoll.Node1.Manager.xml describes it. None: nothing of that
/// name is kept.
std::optional<std::vector<Dict>> explain(const std::deque<Explanation>& kept,
                                         std::string_view what);

/// Plan id, microseconds since 1970, one sentence, number of steps.
using DecisionRow = sdbus::Struct<std::string, std::uint64_t, std::string, std::uint32_t>;

/// Newest first; `most` 0: all.
std::vector<DecisionRow> listDecisions(const std::deque<Explanation>& kept, std::uint32_t most);

} // namespace plimsoll::dbus
