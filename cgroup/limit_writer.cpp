// SPDX-License-Identifier: Apache-2.0
#include "cgroup/limit_writer.hpp"

#include "cgroup/beside_files.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace plimsoll::cgroup {
namespace {

/// systemd realises the property before it answers (252 and 257, measured: the first read was
/// always right). The wait is for a version that does not.
constexpr int kLooks = 10;
constexpr std::chrono::milliseconds kBetweenLooks{5};

/// Whether the unit's limit is one that Plimsoll set and not what systemd had before.
bool isOurAmount(const BaselineRecord& record, std::uint64_t amount) {
    if (!record.unit || amount == record.owner().unit.limit.amount) {
        return false;
    }
    const auto gives = [&record, amount](const std::string& text) {
        const auto value = parseLimit(record.lever, text);
        return value && trimmed(text) != trimmed(record.baseline) &&
               unitLimitFor(*value, record.owner().unit.limit).amount == amount;
    };
    return gives(record.from) || gives(record.to) || (!record.told.empty() && gives(record.told));
}

/// Whether a drop-in with this amount says what systemd had before.
bool isAmountBefore(const BaselineRecord& record, std::uint64_t amount) {
    const UnitLimit& before = record.owner().unit.limit;
    UnitLimit found = before;
    found.amount = amount;
    return keptInDropIn(found) == keptInDropIn(before);
}

std::string fileOf(const OpenGroup& group, Lever lever) {
    return group.path + "/" + std::string(name(lever));
}

/// A record's values were parsed when it was read or made.
Limit limitOf(const BaselineRecord& record, const std::string& text) {
    return parseLimit(record.lever, text).value_or(Limit{});
}

std::string_view controllerOf(Lever lever) {
    return name(lever).substr(0, name(lever).find('.'));
}

void append(std::string& notes, const std::string& text) {
    notes += (notes.empty() || text.empty() ? "" : "; ") + text;
}

} // namespace

Result<std::string> LimitWriter::read(const OpenGroup& group, Lever lever) const {
    auto bytes = port_.read(group, std::string(name(lever)));
    if (!bytes && bytes.error().gone() && !port_.groupIsGone(group)) {
        return fail(ENOTSUP, group.path + " has no " + std::string(name(lever)) +
                                 ": its parent's cgroup.subtree_control does not have the " +
                                 std::string(controllerOf(lever)) + " controller");
    }
    return bytes;
}

bool LimitWriter::hasGroupsThatAreNoUnits(const OpenGroup& group) const {
    const auto below = port_.subgroups(group.path);
    return below && std::ranges::any_of(
                        *below, [](const std::string& name) { return !looksLikeUnit(name); });
}

Result<std::optional<UnitBefore>> LimitWriter::ownerOf(const OpenGroup& group,
                                                       const CgroupPath& path, Lever lever) const {
    const auto found = units_.unitOf(path, lever);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::optional<ManagedUnit>& unit = *found;
    // systemd takes a slice's cgroup.subtree_control back to what its units need, and with that the
    // groups inside that are no units lose their files and values (measured). kubelet with the
    // systemd driver makes none; where there are some, the file is the lesser harm.
    if (!unit || !path.value.ends_with("/" + unit->name) ||
        (unit->name.ends_with(".slice") && hasGroupsThatAreNoUnits(group))) {
        return std::optional<UnitBefore>{};
    }
    auto before = dropIns_.take(*unit);
    if (!before) {
        return std::unexpected(std::move(before).error());
    }
    return std::optional(std::move(*before));
}

Limit LimitWriter::reachable(const Limit& wanted, const BaselineRecord& record) {
    if (record.unit) {
        return rendered(unitLimitFor(wanted, record.owner().unit.limit));
    }
    return record.lever == Lever::memoryHigh
               ? rendered(unitLimitFor(wanted, {.lever = record.lever}))
               : wanted;
}

Result<std::string> LimitWriter::write(const OpenGroup& group, BaselineRecord& record) const {
    if (record.unit) {
        return writeThroughSystemd(group, record);
    }
    auto done = files_.write(group, record.cgroup.path, record.lever, record.to + "\n");
    if (!done) {
        return std::unexpected(std::move(done).error());
    }
    return std::string{};
}

bool LimitWriter::mayBlock(const OpenGroup& group, const Limit& value) const {
    if (value.lever() != Lever::memoryHigh || value.unlimited()) {
        return false;
    }
    const auto text = port_.read(group, "memory.current").value_or("");
    const auto usage = parseLimit(Lever::memoryHigh, text); // of the same form
    return !usage || usage->memoryHigh() > value.memoryHigh();
}

Result<std::string> LimitWriter::confirm(const OpenGroup& group, BaselineRecord& record) const {
    const auto now = read(group, record.lever);
    if (!now) {
        return std::unexpected(now.error());
    }
    const bool isTooEarly = record.unit && mayBlock(group, limitOf(record, record.to));
    const bool lostToSystemd = record.unit && !isTooEarly && record.isOurs(*now); // set again below
    if (trimmed(*now) != record.to && !lostToSystemd) {
        return fail(ESTALE, fileOf(group, record.lever) + ": wrote '" + record.to +
                                "', by now it says '" + std::string(trimmed(*now)) + "'");
    }
    if (!record.unit) {
        return std::string{};
    }
    if (isTooEarly) {
        return leaveUntold(group, record);
    }
    auto told = writeThroughSystemd(group, record);
    if (!told && told.error().code != ETIMEDOUT && // else it may do it yet
        trimmed(read(group, record.lever).value_or("")) == record.to) {
        if (mayBlock(group, limitOf(record, record.from))) {
            return leaveUntold(group, record); // on the way back it would be the loop that waits
        }
        std::ignore = files_.write(group, record.cgroup.path, record.lever, record.from + "\n");
    }
    return told;
}

/// Several such steps may follow each other: systemd has what it had before the first.
Result<std::string> LimitWriter::leaveUntold(const OpenGroup& group, BaselineRecord& record) const {
    if (record.told.empty()) {
        record.told = record.from;
    }
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    return "its usage is still above that; systemd is told when it no longer is";
}

Result<void> LimitWriter::tell(const OpenGroup& group, BaselineRecord& record) const {
    const auto now = read(group, record.lever);
    if (!now) {
        return std::unexpected(now.error());
    }
    if (trimmed(*now) != record.to) {
        if (trimmed(*now) != record.from || record.from == record.told) {
            return {}; // drift: the plan has to say what becomes of it
        }
        std::swap(record.from, record.to); // the step to `to` failed
    }
    if (mayBlock(group, limitOf(record, record.to))) {
        return {};
    }
    const auto told = writeThroughSystemd(group, record);
    return told ? Result<void>{} : std::unexpected(told.error());
}

Result<void> LimitWriter::settleDoubt(const OpenGroup& group, BaselineRecord& record) const {
    if (const auto answered = units_.unitOf(record.cgroup.path, record.lever); !answered) {
        return std::unexpected(answered.error());
    }
    std::ignore = putBackBeside(port_, group, record.beside);
    record.beside.clear();
    return storeBaseline(port_, group, record);
}

Result<void> LimitWriter::handOver(const OpenGroup& group, BaselineRecord& record,
                                   Lever lever) const {
    if (record.beside.empty()) {
        return {};
    }
    std::ignore = putBackBeside(port_, group, record.beside);
    std::erase_if(record.beside,
                  [lever](const SavedFile& saved) { return saved.file == name(lever); });
    return storeBaseline(port_, group, record);
}

Result<std::string> LimitWriter::writeThroughSystemd(const OpenGroup& group,
                                                     BaselineRecord& record) const {
    const auto found = units_.unitOf(record.cgroup.path, record.lever);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::optional<ManagedUnit>& now = *found;
    const auto wanted = parseLimit(record.lever, record.to);
    if (!now || now->name != record.owner().unit.name || !wanted) {
        return fail(ESTALE, group.path + " is no longer the cgroup of " + record.owner().unit.name);
    }
    auto changed = change(group, record, now->limit, unitLimitFor(*wanted, now->limit));
    if (!changed) {
        return changed;
    }
    for (int look = 1;; ++look) {
        const auto bytes = read(group, record.lever);
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        if (trimmed(*bytes) == record.to) {
            return changed;
        }
        if (look == kLooks) {
            return fail(EIO, "setting " + std::string(settingName(record.lever)) + " of " +
                                 record.owner().unit.name + ": asked for '" + record.to + "', " +
                                 std::string(name(record.lever)) + " says '" +
                                 std::string(trimmed(*bytes)) + "'");
        }
        std::this_thread::sleep_for(kBetweenLooks);
    }
}

Result<std::string> LimitWriter::change(const OpenGroup& group, BaselineRecord& record,
                                        const UnitLimit& had, const UnitLimit& wanted) const {
    if (record.owner().unit.name.ends_with(".slice") && hasGroupsThatAreNoUnits(group)) {
        return fail(EBUSY, group.path + " has groups that are no units; systemd would switch their "
                                        "controllers off");
    }
    std::string notes;
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        notes = put.error().what; // left by a call that was in doubt
    }
    const auto beside = noteBeside(port_, group, record.lever);
    if (!beside) {
        return std::unexpected(beside.error());
    }
    record.beside = withoutRecord(group, *beside);
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    const auto called = units_.change(record.owner().unit.name, had, wanted);
    // After a failure as well: systemd may have done it.
    if (auto put = putBackBeside(port_, group, *beside); !put) {
        append(notes, put.error().what);
    }
    if (!called && called.error().code == ETIMEDOUT) {
        return std::unexpected(called.error()); // it may do it yet: the notes stay
    }
    record.beside.clear();
    if (called) {
        record.told.clear();
    }
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    if (!called) {
        return std::unexpected(called.error());
    }
    return notes;
}

/// Notes outlive an undo of the other lever: they must not bring its value back.
std::vector<SavedFile> LimitWriter::withoutRecord(const OpenGroup& group,
                                                  std::vector<SavedFile> files) const {
    std::erase_if(files, [&](const SavedFile& saved) {
        return std::ranges::any_of(kHeldLevers, [&](Lever lever) {
            return saved.file == name(lever) &&
                   port_.attribute(group, attributeName(lever)).value_or("") != std::nullopt;
        });
    });
    return files;
}

Result<Undone> LimitWriter::undo(const OpenGroup& group, BaselineRecord record) const {
    const auto now = read(group, record.lever);
    if (!now && now.error().code != ENOTSUP) {
        return std::unexpected(now.error());
    }
    return now && !record.isOurs(*now) ? yield(group, std::move(record))
                                       : restore(group, std::move(record));
}

Result<Undone> LimitWriter::restore(const OpenGroup& group, BaselineRecord record) const {
    const auto now = read(group, record.lever);
    if (now && trimmed(*now) != trimmed(record.baseline)) {
        record.from = trimmed(*now);
    }
    record.to = trimmed(record.baseline);
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    Undone undone;
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        append(undone.note, put.error().what);
    }
    if (auto reset = resetUnit(group, record, undone); !reset) {
        return std::unexpected(std::move(reset).error());
    }
    undone.beside = record.beside;
    if (auto settled = settle(group, record, undone); !settled) {
        return std::unexpected(std::move(settled).error());
    }
    dropOurDropIns(record, undone);
    return undone;
}

/// systemd's property back to what it was. Where that cannot be done the file is still put right.
Result<void> LimitWriter::resetUnit(const OpenGroup& group, BaselineRecord& record,
                                    Undone& undone) const {
    if (!record.unit) {
        return {};
    }
    const auto found = units_.unitOf(record.cgroup.path, record.lever);
    if (!found) {
        undone.unitPending = true;
        append(undone.note, found.error().what);
        return {};
    }
    const std::optional<ManagedUnit>& now = *found;
    const ManagedUnit& before = record.owner().unit;
    if (!now || now->name != before.name || now->limit == before.limit) {
        return {};
    }
    const auto changed = change(group, record, now->limit, before.limit);
    if (!changed && changed.error().gone()) {
        return std::unexpected(changed.error());
    }
    undone.unitPending = !changed;
    if (!changed) {
        append(undone.note, changed.error().what);
    } else {
        append(undone.note, *changed);
    }
    return {};
}

/// The bytes themselves. systemd's value may be coarser than they were: runc rounds what it tells
/// systemd up to whole percents and writes the exact quota into the file.
Result<void> LimitWriter::settle(const OpenGroup& group, const BaselineRecord& record,
                                 Undone& undone) const {
    const auto now = read(group, record.lever);
    undone.now = trimmed(record.baseline);
    if (!now) {
        const auto baseline = parseLimit(record.lever, record.baseline);
        if (now.error().code == ENOTSUP && baseline && baseline->unlimited()) {
            append(undone.note, now.error().what); // nothing limits it, as before
            return {};
        }
        return std::unexpected(now.error());
    }
    if (trimmed(*now) == trimmed(record.baseline)) {
        return {};
    }
    return files_.write(group, record.cgroup.path, record.lever, record.baseline);
}

void LimitWriter::dropOurDropIns(const BaselineRecord& record, Undone& undone) const {
    if (!record.unit) {
        return;
    }
    const auto text = dropIns_.amountText(record.owner().unit);
    const auto amount = text ? parseDropIn(record.lever, *text) : std::nullopt;
    const bool isOurs = amount && (isAmountBefore(record, *amount) || isOurAmount(record, *amount));
    // Somebody else's value, set through systemd after ours, replaced our drop-in: it is theirs.
    if (text && !isOurs) {
        return;
    }
    if (auto put = dropIns_.putBack(record.owner()); !put) {
        append(undone.note, put.error().what);
    }
}

Result<Undone> LimitWriter::yield(const OpenGroup& group, BaselineRecord record) const {
    const auto bytes = read(group, record.lever);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    Undone undone{.now = std::string(trimmed(*bytes)), .yielded = true};
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        append(undone.note, put.error().what);
    }
    if (!record.unit) {
        return undone;
    }
    const auto found = units_.unitOf(record.cgroup.path, record.lever);
    const auto now = found.value_or(std::nullopt);
    if (now && isOurAmount(record, now->limit.amount)) {
        // Written into the file only: systemd would bring our value back some day. Their bytes
        // become what is restored, so that a kill in between still leaves them standing.
        if (trimmed(record.to) != trimmed(record.baseline)) {
            record.from = record.to;
        }
        record.baseline = *bytes;
        auto restored = restore(group, std::move(record));
        if (restored) {
            restored->yielded = true;
        }
        return restored;
    }
    if (!found) {
        undone.unitPending = true;
        undone.beside = record.beside;
        append(undone.note, found.error().what);
    }
    dropOurDropIns(record, undone);
    return undone;
}

Result<bool> LimitWriter::cleanUnit(const std::string& absolutePath, BaselineRecord record) const {
    if (!record.unit) {
        return true;
    }
    Undone undone;
    const auto found = units_.unitOf(record.cgroup.path, record.lever);
    const auto now = found.value_or(std::nullopt);
    if (now && now->name == record.owner().unit.name && isOurAmount(record, now->limit.amount)) {
        // Started again with our drop-in: another cgroup, and our value in it.
        const auto group = port_.openGroup(absolutePath);
        const Lever lever = record.lever;
        const auto bytes = group ? read(*group, lever) : std::unexpected(group.error());
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        record.cgroup.inode = group->inode;
        record.beside.clear();
        record.baseline = record.isOurs(*bytes)
                              ? formatLimit(rendered(record.owner().unit.limit)) + "\n"
                              : *bytes;
        auto restored = restore(*group, std::move(record));
        if (!restored) {
            return std::unexpected(std::move(restored).error());
        }
        if (auto removed = removeBaseline(port_, *group, lever); !removed) {
            return std::unexpected(std::move(removed).error());
        }
        return !restored->unitPending;
    }
    dropOurDropIns(record, undone);
    return found.has_value();
}

} // namespace plimsoll::cgroup
