// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

namespace plimsoll::kube {

/// Whether it can stand in a header: a newline would begin a header of its own.
inline bool isToken(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace plimsoll::kube
