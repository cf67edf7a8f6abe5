// SPDX-License-Identifier: Apache-2.0
// One *.prom file: whether it may be read, and what it says.
#pragma once

#include "daemon/collector/custom/prometheus_text.hpp"
#include "daemon/model/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace plimsoll::collector {

/// By which a file is known not to have changed.
struct TextfileVersion {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified = 0; ///< nanoseconds since 1970
    std::int64_t changed = 0;  ///< also where the time of the modification was put back
    friend bool operator==(const TextfileVersion&, const TextfileVersion&) = default;
};

struct Textfile {
    TextfileVersion version;
    std::vector<ParsedSeries> series;
};

/// What may be read: a regular file of root's or the daemon's own, that nobody else may write, of
/// at most 1 MiB. A link is not followed. error().gone(): there is no such file (any more).
Result<TextfileVersion> versionOf(int directory, const char* name);
/// The same for what is read, whatever has become of the name since versionOf().
Result<Textfile> readTextfile(int directory, const char* name, std::size_t mostSeries);

} // namespace plimsoll::collector
