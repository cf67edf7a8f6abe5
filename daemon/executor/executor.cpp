// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/executor.hpp"

#include "daemon/executor/impl.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace plimsoll::executor {
namespace {

using cgroup::BaselineRecord;
using cgroup::OpenGroup;
using cgroup::trimmed;

Ports realPorts(const std::string& mount) {
    return {.files = std::make_shared<cgroup::WritePort>(),
            .units = cgroup::makeUnitProperties(mount)};
}

std::string writerName(const BaselineRecord& record) {
    return record.unit ? "systemd" : "file";
}

void append(std::string& reason, const std::string& text) {
    if (!text.empty()) {
        reason += (reason.empty() ? "" : "; ") + text;
    }
}

std::unexpected<Error> changedSince(const Limit& expected, const Limit& found) {
    return fail(ESTALE, "changed since it was read: expected '" + formatLimit(expected) +
                            "', cpu.max says '" + formatLimit(found) + "'");
}

} // namespace

Executor::Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory)
    : Executor(layout, runtimeDirectory, realPorts(layout.mount)) {}

Executor::Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory, Ports ports)
    : impl_(std::make_unique<Impl>(layout, runtimeDirectory, std::move(ports))) {}

Executor::~Executor() = default;

std::span<const HeldPod> Executor::held() const {
    return impl_->held;
}

std::vector<Outcome> Executor::carryOut(const Plan& plan) {
    std::vector<Outcome> outcomes;
    if (!plan.steps.empty() || !impl_->pendingUnits.empty()) {
        impl_->ports.units->beginTurn();
        impl_->retryPending();
    }
    for (const auto& step : plan.steps) {
        if (step.disposition == Disposition::act) {
            outcomes.push_back(impl_->carryOut(step, plan.tick));
        }
    }
    return outcomes;
}

void Executor::forgetVanished(const Snapshot& snapshot) {
    bool isFirst = true;
    for (std::size_t i = impl_->held.size(); i-- > 0;) {
        const auto& cgroup = impl_->held[i].pod->cgroup;
        const auto seen = std::ranges::lower_bound(
            snapshot.pods, cgroup.path, {},
            [](const PodSample& sample) -> const CgroupPath& { return sample.pod->cgroup.path; });
        if (seen != snapshot.pods.end() && seen->pod->cgroup == cgroup) {
            continue;
        }
        // Not seen may also mean not read this time: only the tree itself says that it is gone.
        const auto group = impl_->openSame(cgroup);
        if (!group && group.error().gone()) {
            if (std::exchange(isFirst, false)) {
                impl_->ports.units->beginTurn();
            }
            impl_->forgetGone(i);
        }
    }
}

Result<OpenGroup> Executor::Impl::openSame(const CgroupIdentity& cgroup) const {
    auto group = ports.files->openGroup(layout.absolute(cgroup.path));
    if (group && group->inode != cgroup.inode) {
        return fail(ENODEV, group->path + " is another cgroup by now");
    }
    return group;
}

Outcome Executor::Impl::carryOut(const Step& step, std::uint64_t tick) {
    Outcome outcome{.step = step};
    const auto group = openSame(step.pod->cgroup);
    const auto done =
        group ? act(*group, outcome, tick) : Result<void>(std::unexpected(group.error()));
    outcome.done = done.has_value();
    if (done) {
        return outcome;
    }
    outcome.gone = group ? ports.files->groupIsGone(*group) : group.error().gone();
    if (!outcome.gone) {
        outcome.error = done.error().what;
    } else if (const auto index = find(step.pod->cgroup)) {
        forgetGone(*index);
    }
    return outcome;
}

Result<void> Executor::Impl::act(const OpenGroup& group, Outcome& outcome, std::uint64_t tick) {
    const Step& step = outcome.step;
    const auto bytes = writer.read(group);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    const auto value = parseCpuMax(*bytes);
    if (!value) {
        return fail(EINVAL, group.path + "/cpu.max says '" + std::string(trimmed(*bytes)) +
                                "', which is not understood");
    }
    if (step.kind == StepKind::yield) {
        return letGo(group, *value, outcome);
    }
    if (Limit(*value) != step.from) {
        return changedSince(step.from, *value);
    }
    return step.toBaseline || step.kind == StepKind::undo ? putBack(group, outcome)
                                                          : set(group, *bytes, outcome, tick);
}

Result<void> Executor::Impl::set(const OpenGroup& group, const std::string& bytes, Outcome& outcome,
                                 std::uint64_t tick) {
    Step& step = outcome.step;
    const auto index = find(step.pod->cgroup);
    auto record = index ? Result<BaselineRecord>(records[*index]) : begin(group, step, bytes);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    step.to = cgroup::CpuMaxWriter::reachable(step.to.cpuMax(), *record);
    record->from = trimmed(bytes);
    record->to = formatLimit(step.to);
    record->causes = step.causes;
    outcome.writer = writerName(*record);

    // The list of units first, then the record: whatever has a record is undone, and what is in the
    // list without one has nothing to undo.
    auto stored = ledger.note(*record);
    if (stored) {
        stored = cgroup::storeBaseline(*ports.files, group, *record);
    }
    if (!stored) {
        if (!index) {
            std::ignore = ledger.strike(*record);
        }
        return std::unexpected(
            std::move(stored).error().with("not changed, as its baseline cannot be kept"));
    }
    const auto written = writer.write(group, *record);
    if (!written) {
        afterFailedWrite(group, std::move(*record), !index, written.error(), tick);
        return std::unexpected(written.error());
    }
    append(step.reason, *written);
    hold(std::move(*record), step.to.cpuMax(), &step, tick);
    return {};
}

Result<BaselineRecord> Executor::Impl::begin(const OpenGroup& group, const Step& step,
                                             const std::string& bytes) {
    if (!group.trusted) {
        // Its record would not be believed after a crash, so nothing is changed in the first place.
        return fail(EPERM, group.path + " could be written by others than root: not touched");
    }
    auto loaded = cgroup::loadBaseline(*ports.files, group);
    if (!loaded) {
        return std::unexpected(std::move(loaded).error().with(
            "not touched (to be removed with: setfattr -x " +
            std::string(cgroup::kBaselineAttribute) + " " + group.path + ")"));
    }
    if (const std::optional<BaselineRecord>& leftover = *loaded) {
        // Of an earlier run, and not undone by undoLeftovers(): first things first.
        const auto undone = writer.undo(group, *leftover);
        Outcome ignored;
        const auto finished = undone ? finish(group, *leftover, *undone, ignored)
                                     : Result<void>(std::unexpected(undone.error()));
        if (!finished) {
            return std::unexpected(finished.error());
        }
        const auto now = writer.read(group);
        if (!now || trimmed(*now) != trimmed(bytes)) {
            return fail(ESTALE, "changed since it was read: what an earlier run had left there was "
                                "put back");
        }
    }
    auto owner = writer.ownerOf(group, step.pod->cgroup.path);
    if (const auto unit = owner.value_or(std::nullopt)) {
        // Still in the list: systemd could not be asked when it was undone, and what it has now is
        // not what it had before Plimsoll.
        if (auto settled = settleUnit(unit->unit.name); !settled) {
            return std::unexpected(std::move(settled).error());
        }
        owner = writer.ownerOf(group, step.pod->cgroup.path);
    }
    if (!owner) {
        return std::unexpected(std::move(owner).error());
    }
    return BaselineRecord{.cgroup = step.pod->cgroup,
                          .baseline = bytes,
                          .unit = std::move(*owner),
                          .podUid = step.pod->uid,
                          .qosClass = step.pod->qosClass,
                          .podName = step.podName,
                          .firstUsage = step.usage.cpu};
}

void Executor::Impl::afterFailedWrite(const OpenGroup& group, BaselineRecord record, bool isFirst,
                                      const Error& error, std::uint64_t tick) {
    const auto now = writer.read(group);
    if (!now) {
        if (isFirst && !ports.files->groupIsGone(group)) {
            hold(std::move(record), {}, nullptr, tick);
        }
        return;
    }
    // A systemd that timed out may do it yet: the record stays.
    if (isFirst && trimmed(*now) == record.from && error.code != ETIMEDOUT) {
        const auto undone = writer.undo(group, record);
        Outcome ignored;
        if (undone && finish(group, record, *undone, ignored)) {
            return;
        }
    }
    const bool ourMismatch = record.unit && error.code == EIO; // read back after our own write
    if (!record.isOurs(*now) && ourMismatch) {
        record.to = trimmed(*now); // it came of our write, so undo may take it away
        std::ignore = cgroup::storeBaseline(*ports.files, group, record);
    } else if (!record.isOurs(*now)) {
        // Somebody else's value came in between: it stays, and what is ours around it goes.
        const auto undone = writer.undo(group, record);
        Outcome ignored;
        if (undone && finish(group, record, *undone, ignored)) {
            if (const auto index = find(record.cgroup)) {
                forget(*index);
            }
            return;
        }
    }
    const auto value = parseCpuMax(*now);
    hold(std::move(record), value.value_or(CpuMax{}), nullptr, tick);
}

std::optional<std::size_t> Executor::Impl::find(const CgroupIdentity& cgroup) const {
    const auto found = std::ranges::find_if(
        held, [&cgroup](const HeldPod& pod) { return pod.pod->cgroup == cgroup; });
    if (found == held.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - held.begin());
}

void Executor::Impl::hold(BaselineRecord record, const CpuMax& applied, const Step* step,
                          std::uint64_t tick) {
    auto index = find(record.cgroup);
    if (!index) {
        index = held.size();
        held.push_back({.pod = step != nullptr
                                   ? step->pod
                                   : std::make_shared<const PodCgroup>(
                                         PodCgroup{record.podUid, record.qosClass, record.cgroup}),
                        .podName = record.podName,
                        .baseline = parseCpuMax(record.baseline).value_or(CpuMax{}),
                        .firstUsage = record.firstUsage});
        records.emplace_back();
    }
    auto& pod = held[*index];
    pod.applied = applied;
    pod.changedTick = tick;
    pod.causes = record.causes;
    if (step != nullptr && step->kind == StepKind::reapply) {
        ++pod.reapplied;
    }
    records[*index] = std::move(record);
}

void Executor::Impl::forget(std::size_t index) {
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(index));
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(index));
}

void Executor::Impl::forgetGone(std::size_t index) {
    const auto record = std::move(records[index]);
    forget(index);
    cleanUp(record);
}

} // namespace plimsoll::executor
