// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/pod_tree.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace plimsoll::bench {

/// A tick of the collector against a bare loop of pread() over the descriptors that it keeps open.
struct CollectTimes {
    double tick = 0; ///< median CPU seconds
    double bare = 0;
    double ratio = 0; ///< median of the ratios of neighbouring repetitions
    std::size_t reads = 0;
    std::size_t allocations = 0; ///< in all the timed ticks together
    std::size_t pods = 0;
};
CollectTimes measureCollect(const PodTree& tree, int repetitions);

/// Resident memory of a process that has done some ticks over the tree at `mount`, in KiB. Runs in
/// a process of its own: `self` is this program.
long residentOf(const std::string& self, const std::string& mount, int pods);
/// What that process does; prints its own resident memory.
int printResident(const std::string& mount, int pods);

} // namespace plimsoll::bench
