// SPDX-License-Identifier: Apache-2.0
// Inside of the executor, shared by its source files.
#pragma once

#include "cgroup/limit_writer.hpp"
#include "daemon/executor/executor.hpp"
#include "daemon/executor/unit_ledger.hpp"
#include "daemon/executor/worker.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::executor {

/// Shared with the worker, which needs the group for as long as it writes.
using SharedGroup = std::shared_ptr<const cgroup::OpenGroup>;

/// A step whose write the worker has.
struct UnderWay {
    std::uint64_t id = 0;
    Step step;
    std::uint64_t tick = 0;
    bool isFirst = false; ///< the pod was not held by this lever before
};

struct Executor::Impl {
    Impl(cgroup::Layout where, const std::string& runtimeDirectory, Ports through)
        : layout(std::move(where)), ports(std::move(through)),
          writer(*ports.files, *ports.units, layout.mount, ports.systemdRuntime),
          ledger(*ports.files, runtimeDirectory), worker(ports.files) {}

    // A step of a plan. Each of these fails with a sentence.
    Outcome carryOut(const Step& step, std::uint64_t tick);
    [[nodiscard]] Result<void> isPossible(const Step& step) const;
    Result<void> act(const SharedGroup& group, Outcome& outcome, std::uint64_t tick);
    Result<void> set(const SharedGroup& group, const std::string& bytes, Outcome& outcome,
                     std::uint64_t tick);
    Result<void> settle(const cgroup::OpenGroup& group, cgroup::BaselineRecord record, bool isFirst,
                        const Result<std::string>& written, Outcome& outcome, std::uint64_t tick);
    Result<void> putBack(const cgroup::OpenGroup& group, Outcome& outcome);
    Result<void> letGo(const cgroup::OpenGroup& group, const Limit& value, Outcome& outcome);
    Result<void> release(const cgroup::OpenGroup& group, std::size_t index,
                         const Result<cgroup::Undone>& undone, Outcome& outcome);
    Result<cgroup::BaselineRecord> begin(const cgroup::OpenGroup& group, const Step& step,
                                         const std::string& bytes);
    Result<void> undoEarlierRun(const cgroup::OpenGroup& group, const Step& step);
    Result<std::optional<cgroup::UnitBefore>> ownerOf(const cgroup::OpenGroup& group,
                                                      const Step& step);
    Result<void> meetOtherLevers(const cgroup::OpenGroup& group, cgroup::BaselineRecord& record);
    void afterFailedWrite(const cgroup::OpenGroup& group, cgroup::BaselineRecord record,
                          bool isFirst, const Error& error, std::uint64_t tick);
    /// How it went, for the outcome; `done` failed because the group is gone: forgets it.
    void conclude(Outcome& outcome, const cgroup::OpenGroup* group, const Result<void>& done);

    // Steps that may block.
    Result<void> startReclaim(const SharedGroup& group, Outcome& outcome, std::uint64_t tick);
    Result<void> startSetting(const SharedGroup& group, const cgroup::BaselineRecord& record,
                              bool isFirst, Outcome& outcome, std::uint64_t tick);
    [[nodiscard]] bool isUnderWay(const CgroupIdentity& cgroup, Lever lever) const;
    /// Whether a write of memory.high keeps this lever from being changed.
    [[nodiscard]] bool isInTheWay(const CgroupIdentity& cgroup, Lever lever) const;
    Outcome finishBlocking(const Worker::End& end);
    Result<void> finishReclaim(const cgroup::OpenGroup& group, const Worker::End& end,
                               Outcome& outcome);
    Result<void> finishSetting(const cgroup::OpenGroup& group, const UnderWay& job,
                               const Worker::End& end, Outcome& outcome);
    /// Cancels the writes that still wait, of this cgroup or of all, and takes what is over: then
    /// only the one that is being written is under way.
    std::vector<Outcome> cancelQueued(const CgroupIdentity* only);
    /// For an undo; the ends are taken later.
    void makeWay(const CgroupIdentity& cgroup);
    /// Afterwards nothing is under way, and the worker writes nothing.
    std::vector<Outcome> stopBlocking();

    /// Something to be gone on with in the next turn, also without a step.
    [[nodiscard]] bool hasUnfinished() const;
    void settleDoubts();
    /// systemd of what only the files say, where it makes nobody reclaim by now.
    void tellUntold();

    // Held pods.
    [[nodiscard]] std::optional<std::size_t> find(const CgroupIdentity& cgroup, Lever lever) const;
    HeldPod& hold(cgroup::BaselineRecord record, const Limit& applied, std::uint64_t tick);
    void forget(std::size_t index);
    void forgetGone(std::size_t index);

    // Undoing.
    Result<void> finish(const cgroup::OpenGroup& group, const cgroup::BaselineRecord& record,
                        const cgroup::Undone& undone, Outcome& outcome);
    void cleanUp(const cgroup::BaselineRecord& record);
    void retryPending();
    Result<cgroup::OpenGroup> openSame(const CgroupIdentity& cgroup) const;
    Outcome undoHeld(std::size_t index, const std::string& reason);
    template <class Which>
    void undoThose(Which which, const std::string& reason, std::vector<Outcome>& outcomes);
    void undoGroup(const CgroupPath& path, const std::string& reason,
                   std::vector<Outcome>& outcomes);
    Result<void> undoFound(const cgroup::OpenGroup& group, const cgroup::BaselineRecord& record,
                           Outcome& outcome);
    Result<void> undoRecord(const cgroup::OpenGroup& group, const cgroup::BaselineRecord& record,
                            Outcome& outcome);
    void undoBelow(const CgroupPath& path, const std::string& reason,
                   std::vector<Outcome>& outcomes);
    void undoUnits(const std::string& reason, std::vector<Outcome>& outcomes);
    Result<void> settleUnit(const std::string& unit, Lever lever);
    Result<void> undoUnit(const cgroup::BaselineRecord& record, Outcome& outcome);

    cgroup::Layout layout;
    Ports ports;
    cgroup::LimitWriter writer;
    UnitLedger ledger;
    std::vector<HeldPod> held;
    std::vector<cgroup::BaselineRecord> records;      ///< of held, in the same order
    std::vector<cgroup::BaselineRecord> pendingUnits; ///< systemd could not be asked yet
    std::vector<UnderWay> underWay;
    std::vector<std::uint64_t> reclaiming; ///< inodes of those of them that are reclaims
    std::vector<Outcome> endedEarly;       ///< pending steps that were ended early; to be taken
    std::uint64_t lastId = 0;
    Worker worker; ///< ends first, while all else is still there
};

std::string writerName(const cgroup::BaselineRecord& record);
void appendReason(Step& step, const std::string& text);
/// What the file says, for a lever that is held; `otherwise` where that cannot be told.
Limit limitOr(Lever lever, const Result<std::string>& bytes, const Limit& otherwise);

} // namespace plimsoll::executor
