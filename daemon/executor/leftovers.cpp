// SPDX-License-Identifier: Apache-2.0
// Putting back what an earlier run left.
#include "daemon/executor/executor.hpp"
#include "daemon/executor/impl.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace plimsoll::executor {
namespace {

using cgroup::BaselineRecord;

std::string_view lastName(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

Outcome outcomeFor(const CgroupIdentity& cgroup, const std::string& reason) {
    PodCgroup pod{.qosClass = QosClass::unknown, .cgroup = cgroup};
    if (const auto parsed =
            cgroup::parsePodDirectory(lastName(cgroup.path.value), QosClass::unknown)) {
        pod.uid = parsed->uid;
        pod.qosClass = parsed->qosClass;
    }
    return {.step = {.kind = StepKind::undo,
                     .pod = std::make_shared<const PodCgroup>(std::move(pod)),
                     .toBaseline = true,
                     .reason = reason}};
}

void describe(const BaselineRecord& record, Outcome& outcome) {
    outcome.step.pod =
        std::make_shared<const PodCgroup>(PodCgroup{record.podUid, record.qosClass, record.cgroup});
    outcome.step.podName = record.podName;
    outcome.step.usage.cpu = record.firstUsage;
    outcome.step.to = parseCpuMax(record.baseline).value_or(CpuMax{});
}

} // namespace

std::vector<Outcome> Executor::undoLeftovers(const std::string& reason) {
    impl_->ports.units->beginTurn();
    impl_->pendingUnits.clear(); // the list has them all
    std::vector<Outcome> outcomes;
    if (!impl_->layout.kubepods.empty()) {
        impl_->undoBelow(impl_->layout.kubepods, reason, outcomes);
    }
    impl_->undoUnits(reason, outcomes);
    return outcomes;
}

/// Down to the pods and no further: only they are changed, and what is below belongs to containers,
/// which may have been given their own cgroup to do with as they like.
void Executor::Impl::undoBelow(const CgroupPath& path, const std::string& reason,
                               std::vector<Outcome>& outcomes) {
    const auto names = ports.files->subgroups(layout.absolute(path));
    if (!names) {
        if (!names.error().gone()) {
            auto outcome = outcomeFor({.path = path}, reason);
            outcome.error = names.error().what;
            outcomes.push_back(std::move(outcome));
        }
        return;
    }
    for (const auto& name : *names) {
        const CgroupPath below(path.value + "/" + name);
        if (cgroup::parsePodDirectory(name, QosClass::unknown)) {
            undoGroup(below, reason, outcomes);
        } else {
            undoBelow(below, reason, outcomes);
        }
    }
}

void Executor::Impl::undoGroup(const CgroupPath& path, const std::string& reason,
                               std::vector<Outcome>& outcomes) {
    auto outcome = outcomeFor({.path = path}, reason);
    const auto group = ports.files->openGroup(layout.absolute(path));
    auto loaded = group ? cgroup::loadBaseline(*ports.files, *group)
                        : Result<std::optional<BaselineRecord>>(std::unexpected(group.error()));
    const auto record = loaded.value_or(std::nullopt);
    if (loaded && !record) {
        return;
    }
    Result<void> done;
    if (!record) {
        done = std::unexpected(std::move(loaded).error());
        if (group) {
            done = std::unexpected(std::move(done).error().with("cpu.max is left as it is"));
        }
    } else {
        describe(*record, outcome);
        const auto now = writer.read(*group);
        outcome.step.from = parseCpuMax(now.value_or("")).value_or(outcome.step.to.cpuMax());
        const auto undone = writer.undo(*group, *record);
        done = undone ? finish(*group, *record, *undone, outcome)
                      : Result<void>(std::unexpected(undone.error()));
        if (const auto index = find(record->cgroup); index && done) {
            forget(*index);
        }
    }
    outcome.done = done.has_value();
    if (!done && (group ? ports.files->groupIsGone(*group) : done.error().gone())) {
        return; // it ended meanwhile, and its record with it
    }
    if (!done) {
        outcome.error = done.error().what;
    }
    outcomes.push_back(std::move(outcome));
}

void Executor::Impl::undoUnits(const std::string& reason, std::vector<Outcome>& outcomes) {
    const auto entries = ledger.entries();
    if (!entries) {
        auto outcome = outcomeFor({}, reason);
        outcome.error = entries.error().what;
        outcomes.push_back(std::move(outcome));
        return;
    }
    for (const auto& entry : *entries) {
        const auto isPending = [&entry](const BaselineRecord& record) {
            return entry.record && record.cgroup == entry.record->cgroup;
        };
        if (std::ranges::any_of(pendingUnits, isPending)) {
            continue; // was asked for a moment ago
        }
        auto outcome = outcomeFor({.path = CgroupPath(entry.path)}, reason);
        Result<void> done;
        if (!entry.record) {
            done = std::unexpected(entry.record.error());
        } else {
            describe(*entry.record, outcome);
            done = undoUnit(*entry.record, outcome);
        }
        outcome.done = done.has_value();
        if (!done) {
            outcome.error = done.error().what;
        }
        outcomes.push_back(std::move(outcome));
    }
}

/// A unit in the list whose cgroup has no record: its cgroup is gone, or systemd's property was not
/// set back yet, or nothing was ever changed. All three end with nothing of ours.
Result<void> Executor::Impl::undoUnit(const BaselineRecord& record, Outcome& outcome) {
    const auto group = openSame(record.cgroup);
    if (!group) {
        if (!group.error().gone()) {
            return std::unexpected(group.error());
        }
        outcome.gone = true;
        outcome.writer = "systemd";
        cleanUp(record);
        return {};
    }
    const auto undone = writer.undo(*group, record);
    if (!undone) {
        return std::unexpected(undone.error());
    }
    return finish(*group, record, *undone, outcome);
}

Result<void> Executor::Impl::settleUnit(const std::string& unit) {
    const auto found = ledger.find(unit);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::optional<BaselineRecord>& record = *found;
    if (!record) {
        return {};
    }
    std::erase_if(pendingUnits,
                  [&](const BaselineRecord& pending) { return pending.cgroup == record->cgroup; });
    Outcome outcome;
    auto done = undoUnit(*record, outcome);
    const auto still = ledger.find(unit);
    if (done && still && *still) {
        return fail(ENOTCONN,
                    "systemd could not yet be told to take back an earlier quota of " + unit);
    }
    return done;
}

} // namespace plimsoll::executor
