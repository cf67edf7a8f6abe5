// SPDX-License-Identifier: Apache-2.0
// The state collector: /proc, PSI and the kubepods tree → an immutable Snapshot a tick.
#pragma once

#include "cgroup/layout.hpp"
#include "daemon/model/snapshot.hpp"

#include <memory>
#include <string>

namespace plimsoll::collector {

struct Sources {
    std::string procRoot = "/proc";
    cgroup::Layout layout;
};

/// Keeps every file it reads open: a steady tick is a row of pread() calls and allocates nothing.
/// A cgroup that vanishes while it is read is left out; one made again under the same path is new.
class Collector {
public:
    explicit Collector(Sources sources);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    /// Reads everything once. `now` is CLOCK_MONOTONIC at the start of the tick. A snapshot that
    /// nobody holds any more is used again for its buffers.
    std::shared_ptr<const Snapshot> collect(MonotonicTime now);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::collector
