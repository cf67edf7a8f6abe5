// SPDX-License-Identifier: Apache-2.0
// The action executor: carries out a plan, keeps the baselines, puts everything back.
#pragma once

#include "cgroup/layout.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/snapshot.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::executor {

class Executor {
public:
    /// `runtimeDirectory` (/run/plimsoll) keeps the list of systemd units that were touched, so that
    /// their drop-ins are removed even when the cgroup is gone.
    Executor(cgroup::Layout layout, std::string runtimeDirectory);
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// Carries out the steps that are not previews, in order; a failed step never stops the others.
    /// The baseline stands in the cgroup's extended attribute before the file is changed, and every
    /// write is read back.
    std::vector<Outcome> carryOut(const Plan& plan);

    /// Forgets held pods whose cgroup is gone, and removes what systemd still has of them.
    void forgetVanished(const Snapshot& snapshot);

    /// Puts back everything held now. For stop.
    std::vector<Outcome> undoAll(const std::string& reason);

    /// Puts back what an earlier run left: every baseline found in the tree. For start and for
    /// ExecStopPost. A value that is neither ours nor the baseline is somebody else's: it stays.
    std::vector<Outcome> undoLeftovers(const std::string& reason);

    [[nodiscard]] std::span<const HeldPod> held() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::executor
