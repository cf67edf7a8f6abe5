// SPDX-License-Identifier: Apache-2.0
// The analyzer and the planner under a load of rules and pods.
#pragma once

#include "daemon/analyzer/analyzer.hpp"

#include <cstddef>
#include <memory>

namespace plimsoll::bench {

/// A node with that many pods under 50 rules, and a Pod object for each pod.
class DecideLoad {
public:
    explicit DecideLoad(int pods);

    void decide(const Snapshot& snapshot);

    struct Times {
        double idle = 0;             ///< median CPU seconds; no watermark is crossed
        double acting = 0;           ///< every CPU rule acts, a third of the pods is a candidate
        std::size_t steps = 0;       ///< of one acting plan
        std::size_t allocations = 0; ///< in all the idle ticks together
    };
    Times measure(int repetitions);

private:
    Snapshot makeSnapshot(double millicores) const;

    int pods_;
    std::shared_ptr<const analyzer::CompiledPolicy> policy_;
    analyzer::State state_;
    analyzer::Decision decision_;
};

} // namespace plimsoll::bench
