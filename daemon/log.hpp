// SPDX-License-Identifier: Apache-2.0
// The diagnostic log (not the audit): spdlog to journald or to the terminal.
#pragma once

#include <string>

namespace plimsoll::log {

/// Log where systemd wants it: the journal when it started us, else the terminal.
void setup();

/// Levels as org.freedesktop.LogControl1 spells them: emerg, alert, crit, err, warning, notice,
/// info, debug. False: no such level, nothing changed.
bool setLevel(const std::string& level);
std::string level();

/// "journal", "console", "null", "auto". False: no such target, nothing changed.
bool setTarget(const std::string& target);
std::string target();

} // namespace plimsoll::log
