// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/model/error.hpp"

#include <cstddef>
#include <string>

namespace plimsoll::kube {

/// The whole of a regular file, opened once and read once; "" for what is empty, as all of /proc
/// seems to be before it is read. An error is the reason alone, without the path.
Result<std::string> readSmallFile(const std::string& path, std::size_t largest);

} // namespace plimsoll::kube
