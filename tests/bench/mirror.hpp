// SPDX-License-Identifier: Apache-2.0
// The mirror under a list of large pods.
#pragma once

#include <cstddef>

namespace plimsoll::bench {

struct MirrorCost {
    double list = 0;      ///< CPU seconds to take it in
    std::size_t body = 0; ///< bytes of it
    std::size_t kept = 0; ///< bytes of heap afterwards
    std::size_t most = 0; ///< and at most while it came in
    std::size_t pods = 0; ///< stored
};

/// A list of so many pods of about 20 KiB, in pieces as libcurl hands them over.
MirrorCost measureMirror(int pods);

} // namespace plimsoll::bench
