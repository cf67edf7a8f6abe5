// SPDX-License-Identifier: Apache-2.0
// The checks, in the order in which they are made; each builds on what those before have set up.
#pragma once

#include "tests/conformance/report.hpp"
#include "tests/conformance/stage.hpp"

#include <vector>

namespace plimsoll::conformance {

struct Check {
    const char* name;
    Verdict (*run)(Stage&);
    bool needsAdmin = false;
};

const std::vector<Check>& manifestChecks();
const std::vector<Check>& mirrorChecks();
const std::vector<Check>& nodeChecks();
const std::vector<Check>& evictionChecks();
const std::vector<Check>& watchChecks();

} // namespace plimsoll::conformance
