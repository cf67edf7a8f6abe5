// SPDX-License-Identifier: Apache-2.0
// Inside of the executor, shared by its source files.
#pragma once

#include "cgroup/cpu_max_writer.hpp"
#include "daemon/executor/executor.hpp"
#include "daemon/executor/unit_ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::executor {

struct Executor::Impl {
    Impl(cgroup::Layout where, const std::string& runtimeDirectory, Ports through)
        : layout(std::move(where)), ports(std::move(through)),
          writer(*ports.files, *ports.units, layout.mount, ports.systemdRuntime),
          ledger(*ports.files, runtimeDirectory) {}

    // A step of a plan. Each of these fails with a sentence.
    Outcome carryOut(const Step& step, std::uint64_t tick);
    Result<void> act(const cgroup::OpenGroup& group, Outcome& outcome, std::uint64_t tick);
    Result<void> set(const cgroup::OpenGroup& group, const std::string& bytes, Outcome& outcome,
                     std::uint64_t tick);
    Result<void> putBack(const cgroup::OpenGroup& group, Outcome& outcome);
    Result<void> letGo(const cgroup::OpenGroup& group, const CpuMax& value, Outcome& outcome);
    Result<void> release(const cgroup::OpenGroup& group, std::size_t index,
                         const Result<cgroup::Undone>& undone, Outcome& outcome);
    Result<cgroup::BaselineRecord> begin(const cgroup::OpenGroup& group, const Step& step,
                                         const std::string& bytes);
    void afterFailedWrite(const cgroup::OpenGroup& group, cgroup::BaselineRecord record,
                          bool isFirst, const Error& error, std::uint64_t tick);

    // Held pods.
    [[nodiscard]] std::optional<std::size_t> find(const CgroupIdentity& cgroup) const;
    void hold(cgroup::BaselineRecord record, const CpuMax& applied, const Step* step,
              std::uint64_t tick);
    void forget(std::size_t index);
    void forgetGone(std::size_t index);

    // Undoing.
    Result<void> finish(const cgroup::OpenGroup& group, const cgroup::BaselineRecord& record,
                        const cgroup::Undone& undone, Outcome& outcome);
    void cleanUp(const cgroup::BaselineRecord& record);
    void retryPending();
    Result<cgroup::OpenGroup> openSame(const CgroupIdentity& cgroup) const;
    Outcome undoHeld(std::size_t index, const std::string& reason);
    void undoGroup(const CgroupPath& path, const std::string& reason,
                   std::vector<Outcome>& outcomes);
    void undoBelow(const CgroupPath& path, const std::string& reason,
                   std::vector<Outcome>& outcomes);
    void undoUnits(const std::string& reason, std::vector<Outcome>& outcomes);
    Result<void> settleUnit(const std::string& unit);
    Result<void> undoUnit(const cgroup::BaselineRecord& record, Outcome& outcome);

    cgroup::Layout layout;
    Ports ports;
    cgroup::CpuMaxWriter writer;
    UnitLedger ledger;
    std::vector<HeldPod> held;
    std::vector<cgroup::BaselineRecord> records;      ///< of held, in the same order
    std::vector<cgroup::BaselineRecord> pendingUnits; ///< systemd could not be asked yet
};

} // namespace plimsoll::executor
