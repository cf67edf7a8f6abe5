// SPDX-License-Identifier: Apache-2.0
// One number out of a JSON text.
#pragma once

#include "daemon/model/error.hpp"

#include <string_view>

namespace plimsoll::collector {

/// `where` is an RFC 6901 pointer when it begins with '/' ("/queues/0/length"), else names of
/// members with dots between them ("queue.length"). The value is a finite number, or a string that
/// is one.
Result<double> numberAt(std::string_view json, std::string_view where);

} // namespace plimsoll::collector
