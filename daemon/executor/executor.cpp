// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/executor.hpp"

#include "daemon/executor/impl.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
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

bool isUndo(const Step& step) {
    return step.toBaseline || step.kind == StepKind::undo;
}

std::unexpected<Error> changedSince(const Limit& expected, const Limit& found) {
    return fail(ESTALE, "changed since it was read: expected '" + formatLimit(expected) + "', " +
                            std::string(name(found.lever())) + " says '" + formatLimit(found) +
                            "'");
}

} // namespace

std::string writerName(const BaselineRecord& record) {
    return record.unit ? "systemd" : "file";
}

void appendReason(Step& step, const std::string& text) {
    if (!text.empty()) {
        step.reason += (step.reason.empty() ? "" : "; ") + text;
    }
}

Limit limitOr(Lever lever, const Result<std::string>& bytes, const Limit& otherwise) {
    return parseLimit(lever, bytes.value_or("")).value_or(otherwise);
}

Executor::Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory)
    : Executor(layout, runtimeDirectory, realPorts(layout.mount)) {}

Executor::Executor(const cgroup::Layout& layout, const std::string& runtimeDirectory, Ports ports)
    : impl_(std::make_unique<Impl>(layout, runtimeDirectory, std::move(ports))) {}

Executor::~Executor() = default;

std::span<const HeldPod> Executor::held() const {
    return impl_->held;
}

std::span<const std::uint64_t> Executor::reclaiming() const {
    return impl_->reclaiming;
}

std::vector<Outcome> Executor::carryOut(const Plan& plan) {
    std::vector<Outcome> outcomes;
    if (!plan.steps.empty() || impl_->hasUnfinished()) {
        impl_->ports.units->beginTurn();
        impl_->settleDoubts();
        impl_->retryPending();
        impl_->tellUntold();
    }
    for (const auto& step : plan.steps) {
        if (step.disposition == Disposition::act && !isClusters(step.lever)) {
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

Result<void> Executor::Impl::isPossible(const Step& step) const {
    if (!step.pod) {
        return fail(EINVAL, "a step without a pod");
    }
    const auto& cgroup = step.pod->cgroup;
    if (step.lever == Lever::memoryReclaim) {
        return isUnderWay(cgroup, step.lever)
                   ? fail(EBUSY, "memory of it is being reclaimed already")
                   : Result<void>{};
    }
    if (step.from.lever() != step.lever || step.to.lever() != step.lever) {
        return fail(EINVAL, "a step whose values are not of " + std::string(name(step.lever)));
    }
    if (isInTheWay(cgroup, step.lever)) {
        return fail(EBUSY, "memory.high of it is being changed");
    }
    // systemd would write its older value, which may be below the usage.
    const auto index = find(cgroup, Lever::memoryHigh);
    if (step.lever != Lever::memoryHigh && index && !records[*index].told.empty() &&
        !isUndo(step)) {
        return fail(EBUSY,
                    "systemd is not told of its memory.high yet, as its usage is above that");
    }
    return {};
}

void Executor::Impl::makeWay(const CgroupIdentity& cgroup) {
    std::ranges::move(cancelQueued(&cgroup), std::back_inserter(endedEarly));
    if (!endedEarly.empty()) {
        worker.wake();
    }
}

Outcome Executor::Impl::carryOut(const Step& step, std::uint64_t tick) {
    Outcome outcome{.step = step};
    if (step.pod && isUndo(step) && isInTheWay(step.pod->cgroup, step.lever)) {
        makeWay(step.pod->cgroup);
        // What was cancelled may have been all that held it.
        outcome.done = step.lever == Lever::memoryHigh && !find(step.pod->cgroup, step.lever);
        if (outcome.done) {
            return outcome;
        }
    }
    if (const auto possible = isPossible(step); !possible) {
        outcome.error = possible.error().what;
        return outcome;
    }
    auto opened = openSame(step.pod->cgroup);
    if (!opened) {
        conclude(outcome, nullptr, std::unexpected(opened.error()));
        return outcome;
    }
    const auto group = std::make_shared<const OpenGroup>(std::move(*opened));
    conclude(outcome, group.get(), act(group, outcome, tick));
    return outcome;
}

void Executor::Impl::conclude(Outcome& outcome, const OpenGroup* group, const Result<void>& done) {
    outcome.done = done && !outcome.pending;
    if (done) {
        return;
    }
    outcome.gone = group != nullptr ? ports.files->groupIsGone(*group) : done.error().gone();
    if (!outcome.gone) {
        outcome.error = done.error().what;
        return;
    }
    for (const Lever lever : cgroup::kHeldLevers) {
        if (const auto index = find(outcome.step.pod->cgroup, lever)) {
            forgetGone(*index);
        }
    }
}

Result<void> Executor::Impl::act(const SharedGroup& group, Outcome& outcome, std::uint64_t tick) {
    const Step& step = outcome.step;
    if (step.lever == Lever::memoryReclaim) {
        return startReclaim(group, outcome, tick);
    }
    const auto bytes = writer.read(*group, step.lever);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    const auto value = parseLimit(step.lever, *bytes);
    if (!value) {
        return fail(EINVAL, group->path + "/" + std::string(name(step.lever)) + " says '" +
                                std::string(trimmed(*bytes)) + "', which is not understood");
    }
    if (step.kind == StepKind::yield) {
        return letGo(*group, *value, outcome);
    }
    if (*value != step.from) {
        return changedSince(step.from, *value);
    }
    return isUndo(step) ? putBack(*group, outcome) : set(group, *bytes, outcome, tick);
}

Result<void> Executor::Impl::set(const SharedGroup& group, const std::string& bytes,
                                 Outcome& outcome, std::uint64_t tick) {
    Step& step = outcome.step;
    const auto index = find(step.pod->cgroup, step.lever);
    auto record = index ? Result<BaselineRecord>(records[*index]) : begin(*group, step, bytes);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    step.to = cgroup::LimitWriter::reachable(step.to, *record);
    record->from = trimmed(bytes);
    record->to = formatLimit(step.to);
    record->causes = step.causes;
    outcome.writer = writerName(*record);

    // The list of units first, then the record: whatever has a record is undone, and what is in the
    // list without one has nothing to undo.
    auto stored = ledger.note(*record);
    if (stored) {
        stored = cgroup::storeBaseline(*ports.files, *group, *record);
    }
    if (!stored) {
        if (!index) {
            std::ignore = ledger.strike(*record);
        }
        return std::unexpected(
            std::move(stored).error().with("not changed, as its baseline cannot be kept"));
    }
    if (writer.mayBlock(*group, step.to)) {
        return startSetting(group, *record, !index, outcome, tick);
    }
    const auto written = writer.write(*group, *record);
    return settle(*group, std::move(*record), !index, written, outcome, tick);
}

/// The write is over, well or not: what is held follows from that.
Result<void> Executor::Impl::settle(const OpenGroup& group, BaselineRecord record, bool isFirst,
                                    const Result<std::string>& written, Outcome& outcome,
                                    std::uint64_t tick) {
    if (!written) {
        afterFailedWrite(group, std::move(record), isFirst, written.error(), tick);
        return std::unexpected(written.error());
    }
    appendReason(outcome.step, *written);
    HeldPod& pod = hold(std::move(record), outcome.step.to, tick);
    if (outcome.step.kind == StepKind::reapply) {
        ++pod.reapplied;
    }
    return {};
}

Result<BaselineRecord> Executor::Impl::begin(const OpenGroup& group, const Step& step,
                                             const std::string& bytes) {
    if (!group.trusted) {
        // Its record would not be believed after a crash, so nothing is changed in the first place.
        return fail(EPERM, group.path + " could be written by others than root: not touched");
    }
    if (auto undone = undoEarlierRun(group, step); !undone) {
        return std::unexpected(std::move(undone).error());
    }
    auto owner = ownerOf(group, step);
    if (!owner) {
        return std::unexpected(std::move(owner).error());
    }
    BaselineRecord record{.cgroup = step.pod->cgroup,
                          .lever = step.lever,
                          .baseline = bytes,
                          .unit = std::move(*owner),
                          .podUid = step.pod->uid,
                          .qosClass = step.pod->qosClass,
                          .podName = step.podName,
                          .firstUsage = step.usage};
    if (auto met = meetOtherLevers(group, record); !met) {
        return std::unexpected(std::move(met).error());
    }
    const auto now = writer.read(group, step.lever);
    if (!now || trimmed(*now) != trimmed(bytes)) {
        return fail(ESTALE, "changed since it was read: what an earlier run, or an earlier call to "
                            "systemd, had left there was put back");
    }
    return record;
}

/// A record that undoLeftovers() did not, or could not, undo: first things first.
Result<void> Executor::Impl::undoEarlierRun(const OpenGroup& group, const Step& step) {
    auto loaded = cgroup::loadBaseline(*ports.files, group, step.lever);
    if (!loaded) {
        return std::unexpected(std::move(loaded).error().with(
            "not touched (to be removed with: setfattr -x " + cgroup::attributeName(step.lever) +
            " " + group.path + ")"));
    }
    const std::optional<BaselineRecord>& leftover = *loaded;
    Outcome ignored;
    return leftover ? undoRecord(group, *leftover, ignored) : Result<void>{};
}

Result<std::optional<cgroup::UnitBefore>> Executor::Impl::ownerOf(const OpenGroup& group,
                                                                  const Step& step) {
    const auto& path = step.pod->cgroup.path;
    auto owner = writer.ownerOf(group, path, step.lever);
    if (const auto unit = owner.value_or(std::nullopt)) {
        // Still in the list: systemd could not be asked when it was undone, and what it has now is
        // not what it had before Plimsoll.
        if (auto settled = settleUnit(unit->unit.name, step.lever); !settled) {
            return std::unexpected(std::move(settled).error());
        }
        owner = writer.ownerOf(group, path, step.lever);
    }
    return owner;
}

/// What is there because another lever holds the same pod was not there before Plimsoll; and what
/// that one noted beside its own file leaves this one's out from now on.
Result<void> Executor::Impl::meetOtherLevers(const OpenGroup& group, BaselineRecord& record) {
    for (auto& other : records) {
        if (other.cgroup != record.cgroup || other.lever == record.lever) {
            continue;
        }
        if (record.unit && other.unit && !other.unit->dropInDirectory) {
            record.unit->dropInDirectory = false;
        }
        if (auto done = writer.handOver(group, other, record.lever); !done) {
            return done;
        }
    }
    return {};
}

void Executor::Impl::afterFailedWrite(const OpenGroup& group, BaselineRecord record, bool isFirst,
                                      const Error& error, std::uint64_t tick) {
    const auto undoNow = [&] {
        Outcome ignored;
        if (!undoRecord(group, record, ignored)) {
            return false;
        }
        if (const auto index = find(record.cgroup, record.lever)) {
            forget(*index);
        }
        return true;
    };
    const auto now = writer.read(group, record.lever);
    const auto before = parseLimit(record.lever, record.from).value_or(Limit{});
    if (!now) {
        if (isFirst && !ports.files->groupIsGone(group)) {
            hold(std::move(record), before, tick);
        }
        return;
    }
    // A systemd that timed out may do it yet: the record stays.
    if (isFirst && trimmed(*now) == record.from && error.code != ETIMEDOUT && undoNow()) {
        return;
    }
    const bool ourMismatch = record.unit && error.code == EIO; // read back after our own write
    if (!record.isOurs(*now) && ourMismatch) {
        record.to = trimmed(*now); // it came of our write, so undo may take it away
        std::ignore = cgroup::storeBaseline(*ports.files, group, record);
    } else if (!record.isOurs(*now) && undoNow()) {
        return; // somebody else's value came in between: it stays, and what is ours around it goes
    }
    const auto applied = limitOr(record.lever, now, before);
    hold(std::move(record), applied, tick);
}

std::optional<std::size_t> Executor::Impl::find(const CgroupIdentity& cgroup, Lever lever) const {
    const auto found = std::ranges::find_if(held, [&](const HeldPod& pod) {
        return pod.pod->cgroup == cgroup && pod.lever() == lever;
    });
    if (found == held.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - held.begin());
}

HeldPod& Executor::Impl::hold(BaselineRecord record, const Limit& applied, std::uint64_t tick) {
    auto index = find(record.cgroup, record.lever);
    if (!index) {
        index = held.size();
        held.push_back({.pod = std::make_shared<const PodCgroup>(
                            PodCgroup{record.podUid, record.qosClass, record.cgroup}),
                        .podName = record.podName,
                        .baseline = limitOr(record.lever, record.baseline, applied),
                        .firstUsage = record.firstUsage});
        records.emplace_back();
    }
    auto& pod = held[*index];
    pod.applied = applied;
    pod.changedTick = tick;
    pod.causes = record.causes;
    records[*index] = std::move(record);
    return pod;
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
