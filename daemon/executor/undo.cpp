// SPDX-License-Identifier: Apache-2.0
// Putting back what this run holds.
#include "daemon/executor/executor.hpp"
#include "daemon/executor/impl.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <utility>

namespace plimsoll::executor {

using cgroup::BaselineRecord;
using cgroup::OpenGroup;
using cgroup::trimmed;
using cgroup::Undone;

template <class Which>
void Executor::Impl::undoThose(Which which, const std::string& reason,
                               std::vector<Outcome>& outcomes) {
    for (std::size_t i = held.size(); i-- > 0;) {
        if (which(held[i])) {
            outcomes.push_back(undoHeld(i, reason));
        }
    }
}

std::vector<Outcome> Executor::undoAll(const std::string& reason) {
    impl_->ports.units->beginTurn();
    auto outcomes = std::exchange(impl_->endedEarly, {});
    std::ranges::move(impl_->cancelQueued(nullptr), std::back_inserter(outcomes));
    // One write at most is running: what it is not in the way of does not wait for it.
    const auto running = impl_->underWay;
    const auto waits = [&](const HeldPod& pod) {
        return !running.empty() && running.front().step.pod->cgroup == pod.pod->cgroup &&
               running.front().step.lever == Lever::memoryHigh;
    };
    impl_->undoThose(std::not_fn(waits), reason, outcomes);
    std::ranges::move(impl_->stopBlocking(), std::back_inserter(outcomes));
    impl_->undoThose(waits, reason, outcomes);
    return outcomes;
}

Outcome Executor::Impl::undoHeld(std::size_t index, const std::string& reason) {
    const HeldPod& pod = held[index];
    Outcome outcome{.step = {.kind = StepKind::undo,
                             .lever = pod.lever(),
                             .pod = pod.pod,
                             .podName = pod.podName,
                             .from = pod.applied,
                             .to = pod.baseline,
                             .toBaseline = true,
                             .reason = reason}};
    const auto group = openSame(pod.pod->cgroup);
    Result<void> done;
    if (!group) {
        done = std::unexpected(group.error());
    } else {
        outcome.step.from = limitOr(pod.lever(), writer.read(*group, pod.lever()), pod.applied);
        done = putBack(*group, outcome);
    }
    outcome.done = done.has_value();
    if (done) {
        return outcome;
    }
    outcome.gone = group ? ports.files->groupIsGone(*group) : group.error().gone();
    if (outcome.gone) {
        forgetGone(index);
    } else {
        outcome.error = done.error().what;
    }
    return outcome;
}

Result<void> Executor::Impl::putBack(const OpenGroup& group, Outcome& outcome) {
    const auto index = find(outcome.step.pod->cgroup, outcome.step.lever);
    if (!index) {
        return fail(EINVAL, group.path + " is not held: there is nothing to put back");
    }
    const auto record = records[*index];
    return release(group, *index, writer.undo(group, record), outcome);
}

Result<void> Executor::Impl::letGo(const OpenGroup& group, const Limit& value, Outcome& outcome) {
    const Step& step = outcome.step;
    const auto index = find(step.pod->cgroup, step.lever);
    if (!index) {
        return fail(EINVAL, group.path + " is not held: there is nothing to let go");
    }
    const auto record = records[*index];
    const auto text = formatLimit(value);
    const std::string file(name(step.lever));
    // A write that was in doubt came true late: drift looks like somebody else's value, and is not.
    if (text != trimmed(record.baseline) && (text == record.from || text == record.to)) {
        held[*index].applied = value;
        return fail(ESTALE,
                    group.path + "/" + file + " says '" + text + "', which is Plimsoll's own");
    }
    if (value != step.to) {
        return fail(ESTALE, "changed since it was read: expected '" + formatLimit(step.to) + "', " +
                                file + " says '" + text + "'");
    }
    return release(group, *index, writer.yield(group, record), outcome);
}

Result<void> Executor::Impl::release(const OpenGroup& group, std::size_t index,
                                     const Result<Undone>& undone, Outcome& outcome) {
    if (!undone) {
        return std::unexpected(undone.error());
    }
    const auto record = records[index];
    auto finished = finish(group, record, *undone, outcome);
    if (finished) {
        forget(index);
    }
    return finished;
}

/// The list of units, then the record: while there is a record, a kill is followed by another undo.
Result<void> Executor::Impl::finish(const OpenGroup& group, const BaselineRecord& record,
                                    const Undone& undone, Outcome& outcome) {
    outcome.writer = record.unit && !undone.unitPending ? "systemd" : "file";
    outcome.step.to = limitOr(record.lever, undone.now, outcome.step.to);
    if (undone.yielded && outcome.step.kind != StepKind::yield) {
        outcome.step.kind = StepKind::yield;
        appendReason(outcome.step, "somebody else's value '" + undone.now + "' stays");
    }
    appendReason(outcome.step, undone.note);
    auto left = record;
    left.beside = undone.beside;
    auto listed = undone.unitPending ? ledger.note(left) : ledger.strike(record);
    if (undone.unitPending) {
        appendReason(outcome.step, "systemd still has our " +
                                       std::string(cgroup::settingName(record.lever)) +
                                       " in memory; it is set back when systemd answers");
        pendingUnits.push_back(std::move(left));
    }
    if (!listed) {
        return listed;
    }
    return cgroup::removeBaseline(*ports.files, group, record.lever);
}

/// The cgroup is gone, or is another one.
void Executor::Impl::cleanUp(const BaselineRecord& record) {
    if (!record.unit) {
        return;
    }
    const auto clean = writer.cleanUnit(layout.absolute(record.cgroup.path), record);
    if (!clean || !*clean || !ledger.strike(record)) {
        pendingUnits.push_back(record);
    }
}

/// One in each turn: this is about what nobody waits for.
void Executor::Impl::retryPending() {
    if (pendingUnits.empty()) {
        return;
    }
    const auto record = std::move(pendingUnits.front());
    pendingUnits.erase(pendingUnits.begin());
    if (isUnderWay(record.cgroup, Lever::memoryHigh)) {
        pendingUnits.push_back(record); // systemd would write into the middle of that
        return;
    }
    if (!record.beside.empty() && !ports.units->unitOf(record.cgroup.path, record.lever)) {
        pendingUnits.push_back(record); // the notes are for after the call that is in doubt
        return;
    }
    if (!find(record.cgroup, record.lever)) { // else it is held again, with a record of its own
        Outcome ignored;
        if (!undoUnit(record, ignored)) {
            pendingUnits.push_back(record);
        }
    }
}

} // namespace plimsoll::executor
