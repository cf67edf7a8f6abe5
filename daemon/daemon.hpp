// SPDX-License-Identifier: Apache-2.0
// The wiring: configuration, event loop, engine, policies, bus, service manager.
#pragma once

#include "daemon/config/config.hpp"
#include "daemon/model/error.hpp"

namespace plimsoll {

/// EX_CONFIG: starting again without a change would not help.
inline constexpr int kExitConfig = 78;

/// Runs until SIGTERM or SIGINT, then puts everything back. Returns the exit code.
int runDaemon(const ConfigPaths& paths);

/// Puts back what an earlier run left (ExecStopPost). Returns the exit code.
int undoLeftovers(const ConfigPaths& paths);

/// Opens the node in the cluster where Plimsoll has closed it: a stop does not, since a restart may
/// follow. For a removal. Returns the exit code; 0 also where there is no cluster.
int openNode(const ConfigPaths& paths);

/// Reads the configuration and (unless configOnly) the policies and prints every remark.
/// 0: all good. 1: the configuration cannot be used. 3: some policy object is refused.
int checkConfig(const ConfigPaths& paths, bool configOnly);

} // namespace plimsoll
