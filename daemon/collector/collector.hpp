// SPDX-License-Identifier: Apache-2.0
// The state collector: /proc, PSI and the kubepods tree → an immutable Snapshot a tick.
#pragma once

#include "cgroup/layout.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/snapshot.hpp"

#include <memory>
#include <optional>
#include <string>

namespace plimsoll::collector {

struct Sources {
    std::string procRoot = "/proc"; ///< its net/dev is that of the daemon's network namespace
    std::string sysRoot = "/sys";   ///< tells partitions from disks
    cgroup::Layout layout;
};

/// Keeps every file it reads open: a steady tick is a row of pread() calls and allocates nothing.
/// Everything is read every tick, but for the containers' memory: that is up to 8 ticks old.
/// A cgroup that vanishes while it is read is left out; one made again under the same path is new.
/// Open files: 10 for a pod (its directory and nine files) and 4 for a container; a node of 110
/// pods with three containers each (the sandbox is one) has 2420, one of 500 has 11000. Another 10
/// are the node's own.
class Collector {
public:
    explicit Collector(const Sources& sources);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    /// Reads everything once. `now` is CLOCK_MONOTONIC at the start of the tick. A snapshot that
    /// nobody holds any more is used again for its buffers. `custom` goes into it as it is.
    std::shared_ptr<const Snapshot>
    collect(MonotonicTime now, std::shared_ptr<const CustomSamples> custom = noCustomSamples());

    /// What the last collect() could not read although it is there, in one sentence ("too many open
    /// files", no permission); its readings are Unknown::unreadable. None: all is well.
    [[nodiscard]] std::optional<Error> trouble() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::collector
