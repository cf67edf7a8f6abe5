// SPDX-License-Identifier: Apache-2.0
// The mirror on disk, so that a node which starts without its API server knows what it last had.
//
// One line that says what follows, with its checksum, and one line of JSON for each object.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/mirror/object_store.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::kube {

struct MirrorHeader {
    std::string nodeName;
    std::string server;                            ///< "https://10.0.0.1:6443"
    std::chrono::system_clock::time_point savedAt; ///< kept in whole seconds
    friend bool operator==(const MirrorHeader&, const MirrorHeader&) = default;
};

struct SavedMirror {
    MirrorHeader header;
    ObjectStore store;
};

/// Whole or not at all: what is there already stays until the new one is on the disk. Blocks.
Result<void> saveMirror(const std::string& path, const ObjectStore& store,
                        const MirrorHeader& header);

/// All of what was saved or an error: it cannot be read (ENOENT: there is none), is damaged, of
/// another version, or of another node than this one. An empty name: that is not known yet, and the
/// header says whose the mirror is.
Result<SavedMirror> loadMirror(const std::string& path, std::string_view nodeName);

} // namespace plimsoll::kube
