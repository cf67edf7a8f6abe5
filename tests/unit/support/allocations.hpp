// SPDX-License-Identifier: Apache-2.0
// Counts what operator new hands out in this test program.
#pragma once

#include <cstddef>

namespace plimsoll::test {

/// Since the start of the program.
std::size_t allocations();
/// Of them, those that are not given back yet.
std::size_t livingAllocations();

} // namespace plimsoll::test
