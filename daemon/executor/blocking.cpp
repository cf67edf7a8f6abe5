// SPDX-License-Identifier: Apache-2.0
// Steps whose write may block: what is done before it and after it, on the loop's thread.
#include "daemon/executor/executor.hpp"
#include "daemon/executor/impl.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace plimsoll::executor {
namespace {

std::string bytesOf(Bytes amount) {
    return std::to_string(static_cast<std::uint64_t>(std::max(amount.value, 0.0)));
}

} // namespace

int Executor::finishedDescriptor() const {
    return impl_->worker.descriptor();
}

std::vector<Outcome> Executor::takeFinished() {
    auto outcomes = std::exchange(impl_->endedEarly, {});
    const auto ends = impl_->worker.takeFinished();
    if (!ends.empty()) {
        impl_->ports.units->beginTurn();
    }
    outcomes.reserve(outcomes.size() + ends.size());
    for (const auto& end : ends) {
        outcomes.push_back(impl_->finishBlocking(end));
    }
    return outcomes;
}

std::vector<Outcome> Executor::Impl::cancelQueued(const CgroupIdentity* only) {
    auto ends = worker.takeFinished();
    for (const auto& job : underWay) {
        if (only != nullptr && job.step.pod->cgroup != *only) {
            continue;
        }
        if (auto end = worker.cancel(job.id)) {
            ends.push_back(std::move(*end));
        }
    }
    std::vector<Outcome> outcomes;
    outcomes.reserve(ends.size());
    for (const auto& end : ends) {
        outcomes.push_back(finishBlocking(end));
    }
    return outcomes;
}

std::vector<Outcome> Executor::Impl::stopBlocking() {
    std::vector<Outcome> outcomes;
    const auto ends = worker.drain();
    outcomes.reserve(ends.size());
    for (const auto& end : ends) {
        outcomes.push_back(finishBlocking(end));
    }
    return outcomes;
}

bool Executor::Impl::isUnderWay(const CgroupIdentity& cgroup, Lever lever) const {
    return std::ranges::any_of(underWay, [&](const UnderWay& job) {
        return job.step.pod->cgroup == cgroup && job.step.lever == lever;
    });
}

/// systemd would write what it still has for memory.high in the middle of the change.
bool Executor::Impl::isInTheWay(const CgroupIdentity& cgroup, Lever lever) const {
    if (!isUnderWay(cgroup, Lever::memoryHigh)) {
        return false;
    }
    const auto index = find(cgroup, Lever::memoryHigh);
    return lever == Lever::memoryHigh || (index && records[*index].unit);
}

Result<void> Executor::Impl::startReclaim(const SharedGroup& group, Outcome& outcome,
                                          std::uint64_t tick) {
    outcome.writer = "file";
    const auto id = ++lastId;
    auto submitted = worker.submit({.id = id,
                                    .group = group,
                                    .file = std::string(name(Lever::memoryReclaim)),
                                    .bytes = bytesOf(outcome.step.amount)});
    if (submitted) {
        underWay.push_back({.id = id, .step = outcome.step, .tick = tick});
        reclaiming.push_back(outcome.step.pod->cgroup.inode);
        outcome.pending = true;
    }
    return submitted;
}

/// The record is stored. The worker writes the file also where systemd owns it, so that it is this
/// process that the kernel keeps waiting and not PID 1; systemd is told when that is over and the
/// usage is below the value. The kernel reclaims in each write of a value that the usage is above,
/// also of one that is higher than before.
Result<void> Executor::Impl::startSetting(const SharedGroup& group,
                                          const cgroup::BaselineRecord& record, bool isFirst,
                                          Outcome& outcome, std::uint64_t tick) {
    const auto id = ++lastId;
    auto submitted = worker.submit({.id = id,
                                    .group = group,
                                    .file = std::string(name(record.lever)),
                                    .bytes = record.to + "\n",
                                    .expected = record.from});
    if (!submitted) {
        afterFailedWrite(*group, record, isFirst, submitted.error(), tick);
        return submitted;
    }
    hold(record, outcome.step.from, tick).changing = true;
    underWay.push_back({.id = id, .step = outcome.step, .tick = tick, .isFirst = isFirst});
    outcome.pending = true;
    return {};
}

Outcome Executor::Impl::finishBlocking(const Worker::End& end) {
    const auto job = std::ranges::find(underWay, end.id, &UnderWay::id);
    const UnderWay ended = std::move(*job);
    underWay.erase(job);
    if (ended.step.kind == StepKind::reclaim) {
        std::erase(reclaiming, ended.step.pod->cgroup.inode); // once at a time, so there is one
    }

    Outcome outcome{.step = ended.step};
    const auto group = openSame(ended.step.pod->cgroup);
    Result<void> done;
    if (!group) {
        done = std::unexpected(group.error());
    } else {
        done = ended.step.kind == StepKind::reclaim ? finishReclaim(*group, end, outcome)
                                                    : finishSetting(*group, ended, end, outcome);
    }
    conclude(outcome, group ? &*group : nullptr, done);
    return outcome;
}

Result<void> Executor::Impl::finishReclaim(const cgroup::OpenGroup& group, const Worker::End& end,
                                           Outcome& outcome) {
    outcome.writer = "file";
    outcome.step.amount = end.freed;
    // EAGAIN: the kernel found less than it was asked for, and that is no fault. EINTR: a stop did
    // not let it search on.
    if (end.written || end.written.error().code == EAGAIN || end.written.error().code == EINTR) {
        return {};
    }
    if (end.written.error().code == ENOENT && !ports.files->groupIsGone(group)) {
        return fail(ENOTSUP, group.path + " has no memory.reclaim: it takes Linux 5.19 or later "
                                          "and the memory controller");
    }
    return end.written;
}

Result<void> Executor::Impl::finishSetting(const cgroup::OpenGroup& group, const UnderWay& job,
                                           const Worker::End& end, Outcome& outcome) {
    const auto index = find(job.step.pod->cgroup, job.step.lever);
    if (!index) {
        return fail(ESTALE, group.path + " is not held any more");
    }
    held[*index].changing = false;
    auto record = records[*index];
    outcome.writer = writerName(record);
    const auto written =
        end.written ? writer.confirm(group, record) : std::unexpected(end.written.error());
    return settle(group, std::move(record), job.isFirst, written, outcome, job.tick);
}

bool Executor::Impl::hasUnfinished() const {
    return !pendingUnits.empty() || std::ranges::any_of(records, [](const auto& record) {
        return !record.told.empty() || !record.beside.empty();
    });
}

void Executor::Impl::settleDoubts() {
    for (auto& record : records) {
        if (record.beside.empty()) {
            continue;
        }
        if (const auto group = openSame(record.cgroup)) {
            std::ignore = writer.settleDoubt(*group, record); // else in the next turn
        }
    }
}

void Executor::Impl::tellUntold() {
    for (auto& record : records) {
        if (record.told.empty() || isUnderWay(record.cgroup, record.lever)) {
            continue;
        }
        if (const auto group = openSame(record.cgroup)) {
            std::ignore = writer.tell(*group, record); // else in the next turn
        }
    }
}

} // namespace plimsoll::executor
