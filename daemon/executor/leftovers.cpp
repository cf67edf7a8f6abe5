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
using cgroup::OpenGroup;

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
    outcome.step.lever = record.lever;
    outcome.step.usage = record.firstUsage;
    outcome.step.to = limitOr(record.lever, record.baseline, Limit{});
}

} // namespace

std::vector<Outcome> Executor::undoLeftovers(const std::string& reason) {
    impl_->ports.units->beginTurn();
    auto outcomes = impl_->stopBlocking();
    impl_->pendingUnits.clear(); // the list has them all
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
    const auto group = ports.files->openGroup(layout.absolute(path));
    if (!group) {
        if (!group.error().gone()) {
            auto outcome = outcomeFor({.path = path}, reason);
            outcome.error = group.error().what;
            outcomes.push_back(std::move(outcome));
        }
        return;
    }
    for (const Lever lever : cgroup::kHeldLevers) {
        const auto loaded = cgroup::loadBaseline(*ports.files, *group, lever);
        if (loaded && !loaded->has_value()) {
            continue;
        }
        auto outcome = outcomeFor({.path = path}, reason);
        outcome.step.lever = lever;
        Result<void> done;
        if (!loaded) {
            done = std::unexpected(
                Error(loaded.error()).with(std::string(name(lever)) + " is left as it is"));
        } else if (const std::optional<BaselineRecord>& record = *loaded) {
            done = undoFound(*group, *record, outcome);
        }
        if (!done && ports.files->groupIsGone(*group)) {
            return; // it ended meanwhile, and its records with it
        }
        outcome.done = done.has_value();
        outcome.error = done ? "" : done.error().what;
        outcomes.push_back(std::move(outcome));
    }
}

Result<void> Executor::Impl::undoFound(const OpenGroup& group, const BaselineRecord& record,
                                       Outcome& outcome) {
    describe(record, outcome);
    outcome.step.from = limitOr(record.lever, writer.read(group, record.lever), outcome.step.to);
    auto done = undoRecord(group, record, outcome);
    if (const auto index = find(record.cgroup, record.lever); index && done) {
        forget(*index);
    }
    return done;
}

Result<void> Executor::Impl::undoRecord(const OpenGroup& group, const BaselineRecord& record,
                                        Outcome& outcome) {
    const auto undone = writer.undo(group, record);
    return undone ? finish(group, record, *undone, outcome)
                  : Result<void>(std::unexpected(undone.error()));
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
            return entry.record && record.sameHold(*entry.record);
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
    return undoRecord(*group, record, outcome);
}

Result<void> Executor::Impl::settleUnit(const std::string& unit, Lever lever) {
    const auto found = ledger.find(unit, lever);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::optional<BaselineRecord>& record = *found;
    if (!record) {
        return {};
    }
    std::erase_if(pendingUnits,
                  [&](const BaselineRecord& pending) { return pending.sameHold(*record); });
    Outcome outcome;
    auto done = undoUnit(*record, outcome);
    const auto still = ledger.find(unit, lever);
    if (done && still && *still) {
        return fail(ENOTCONN, "systemd could not yet be told to take back an earlier " +
                                  std::string(cgroup::settingName(lever)) + " of " + unit);
    }
    return done;
}

} // namespace plimsoll::executor
