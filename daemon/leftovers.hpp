// SPDX-License-Identifier: Apache-2.0
// Putting back what an earlier run left, wherever that run worked: its configuration may have been
// another one than today's.
#pragma once

#include "cgroup/layout.hpp"
#include "daemon/audit/journal.hpp"

#include <string>

namespace plimsoll {

/// Remembers in RUNTIME_DIRECTORY/layout where this run is about to change things.
Result<void> rememberLayout(const std::string& runtimeDirectory, const cgroup::Layout& layout);

/// Undoes in the remembered tree, in `today`'s where that is another one, and what systemd still
/// has of units whose cgroups are gone (that needs no tree at all). Each outcome is an audit entry.
/// False: something could not be put back.
bool undoLeftovers(const std::string& runtimeDirectory, const cgroup::Layout& today,
                   const std::string& reason, audit::Sink& audit);

} // namespace plimsoll
