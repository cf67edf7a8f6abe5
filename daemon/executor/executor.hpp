// SPDX-License-Identifier: Apache-2.0
// The action executor: carries out a plan, keeps the baselines, puts everything back.
#pragma once

#include "cgroup/layout.hpp"
#include "cgroup/unit_properties.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::executor {

/// What an executor acts through. The defaults are the kernel and this host's systemd.
struct Ports {
    std::shared_ptr<cgroup::WritePort> files;
    std::shared_ptr<cgroup::UnitProperties> units;
    std::string systemdRuntime = "/run/systemd"; ///< where systemd keeps drop-ins
};

/// What stays of nothing: after a restart call undoLeftovers() first. Destroying it changes
/// nothing; a write that is under way is ended.
class Executor {
public:
    /// `runtimeDirectory` (/run/plimsoll) keeps the list of systemd units that were touched, so
    /// that their drop-ins are removed even when the cgroup is gone.
    Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory);
    Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory, Ports ports);
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// Carries out the steps that are not previews, in order; a failed step never stops the others.
    /// What the API server has to do (isClusters) is passed over.
    /// The baseline stands in the cgroup's extended attribute before the file is changed, and every
    /// write is read back. Nothing is written where the cgroup is another one by now (gone), or its
    /// value is not the step's `from` (an error that says so). An outcome's step.to is what the
    /// file really says: systemd keeps whole percents of a core, the kernel whole pages.
    ///
    /// Setting memory.high below the usage, and memory.reclaim, block while the kernel reclaims, so
    /// a worker writes them: the outcome is `pending`, the held pod is `changing`, and the last
    /// outcome of the step comes from takeFinished(). Of a reclaim its step.amount is what really
    /// went.
    std::vector<Outcome> carryOut(const Plan& plan);

    /// Readable when takeFinished() has something. The same descriptor for the executor's life.
    [[nodiscard]] int finishedDescriptor() const;
    /// The ends of pending steps. Never blocks on the kernel; may ask systemd.
    std::vector<Outcome> takeFinished();

    /// Forgets held pods whose cgroup is gone, and removes what systemd still has of them.
    void forgetVanished(const Snapshot& snapshot);

    /// Puts back everything held now. For stop. Where somebody else's value stands it stays; the
    /// outcome's step is a yield then. Pending steps that wait are cancelled first. The one that is
    /// being written is ended, and what it is in the way of is undone last.
    std::vector<Outcome> undoAll(const std::string& reason);

    /// Puts back what an earlier run left: every baseline found in the tree. For start and for
    /// ExecStopPost. A value that is neither ours nor the baseline is somebody else's: it stays
    /// (StepKind::yield). A record that cannot be read is left alone, value and all, and said.
    std::vector<Outcome> undoLeftovers(const std::string& reason);

    [[nodiscard]] std::span<const HeldPod> held() const;
    /// Inodes of pods whose memory.reclaim is queued or being written.
    [[nodiscard]] std::span<const std::uint64_t> reclaiming() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::executor
