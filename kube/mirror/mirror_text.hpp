// SPDX-License-Identifier: Apache-2.0
// The text of the mirror's file. Pure.
#pragma once

#include "kube/mirror/mirror_file.hpp"

#include <cstddef>

namespace plimsoll::kube {

/// Five kinds of up to 8 MiB, with their keys and versions.
inline constexpr std::size_t kLargestMirror = std::size_t{48} * 1024 * 1024;

std::string writeMirror(const ObjectStore& store, const MirrorHeader& header);
Result<SavedMirror> readMirror(std::string_view text, std::string_view nodeName);

} // namespace plimsoll::kube
