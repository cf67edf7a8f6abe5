// SPDX-License-Identifier: Apache-2.0
// What a PATCH makes of an object, for the three kinds of patches.
#pragma once

#include "tests/apiserver/request.hpp"

namespace plimsoll::test::apiserver {

/// The patched object, whatever the patch named; or what a server answers to a patch that it cannot
/// read or that does not fit (400, 415, 422).
Outcome<Json> patched(const Json& object, const Request& request, bool isCustom);

} // namespace plimsoll::test::apiserver
