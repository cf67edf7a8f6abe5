// SPDX-License-Identifier: Apache-2.0
#include "kube/policy_directory.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <cmath>

namespace plimsoll::fuzz {

void fuzzPolicy(std::string_view text) {
    PolicySet set;
    kube::decodeObjects(text, "fuzz.yaml", set);
    kube::checkReferences(set);
    for (const Refusal& refusal : set.refusals) {
        require(!refusal.reason.empty(), "a refusal says why");
        require(refusal.line >= 0, "lines count from 1");
    }
    for (const NodeQos& policy : set.nodeQos) {
        require(!policy.name.empty(), "a policy has a name");
        for (const Rule& rule : policy.rules) {
            require(std::isfinite(rule.watermark), "a watermark is a number");
            require(rule.avoidanceThreshold > 0 && rule.restoreThreshold > 0,
                    "thresholds are at least 1");
        }
    }
    for (const AvoidanceAction& action : set.actions) {
        if (action.cpuThrottle) {
            const auto& [floor, step] = *action.cpuThrottle;
            require(floor >= 0 && floor <= 100 && step >= 0 && step <= 100,
                    "ratios are percentages");
        }
    }
}

} // namespace plimsoll::fuzz
