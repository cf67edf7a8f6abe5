// SPDX-License-Identifier: Apache-2.0
// One TOML text laid over a Config.
#pragma once

#include "daemon/config/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Sets what `text` sets; what is wrong goes to `errors` and leaves its setting as it was.
void readConfig(std::string_view text, const std::string& file, Config& into,
                std::vector<std::string>& errors);

/// "daemon.interval", …; the labels of [node.labels] have names of their own.
std::vector<std::string> configKeys();

} // namespace plimsoll
