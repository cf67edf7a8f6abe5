// SPDX-License-Identifier: Apache-2.0
// Nodes of any number of pods: of plain files anywhere, of real cgroups where they can be made.
#pragma once

#include "daemon/collector/collector.hpp"
#include "tests/unit/support/fake_tree.hpp"
#include "tests/unit/support/real_cgroup.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll::bench {

/// Two containers and the sandbox.
inline constexpr int kContainersPerPod = 3;

std::string podUid(int number);

struct PodTree {
    std::unique_ptr<test::FakeTree> plain;
    std::unique_ptr<test::RealCgroup> real;
    collector::Sources sources;

    /// The prefix of all paths in the tree.
    [[nodiscard]] const std::string& root() const { return sources.layout.mount; }
};

/// Every file that the collector reads, as plain files. /proc is the machine's own.
PodTree plainTree(int pods);
/// Real groups with the files this kernel gives them; none where none can be made.
std::unique_ptr<PodTree> realTree(int pods);

} // namespace plimsoll::bench
