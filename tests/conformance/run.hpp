// SPDX-License-Identifier: Apache-2.0
// The whole client against some API server.
#pragma once

#include "tests/conformance/report.hpp"
#include "tests/conformance/stage.hpp"

namespace plimsoll::conformance {

/// 0: nothing failed; 1: something did; 2: refused, before anything was changed, and `report` says
/// why.
int run(const Options& options, Report& report);

} // namespace plimsoll::conformance
