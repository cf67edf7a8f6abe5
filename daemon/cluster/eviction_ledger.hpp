// SPDX-License-Identifier: Apache-2.0
// Which pods were asked to go, and when: the budget counts them, and nobody is asked twice. Pure.
#pragma once

#include "daemon/model/plan.hpp"
#include "kube/actions/evictions.hpp"

#include <chrono>
#include <span>
#include <vector>

namespace plimsoll {

class EvictionLedger {
public:
    /// Counts from the moment in which the API server is asked, whatever it will answer.
    void ask(const PodUid& pod, std::chrono::seconds grace, MonotonicTime now);

    /// A pod that was not told to go does not count. Where there was no answer it may have been, so
    /// it counts, and is asked again once it would be gone.
    void answered(const PodUid& pod, kube::EvictionAnswer::Kind answer);

    /// Forgets what is older than the interval and is either gone or may be asked again.
    void forget(std::span<const Pod> pods, std::chrono::seconds interval, MonotonicTime now);

    [[nodiscard]] std::span<const EvictedPod> evicted() const { return evicted_; }

private:
    struct Asked {
        std::chrono::seconds grace{};
        bool uncertain = false;
    };
    std::vector<EvictedPod> evicted_;
    std::vector<Asked> asked_; ///< of evicted_, in the same order
};

} // namespace plimsoll
