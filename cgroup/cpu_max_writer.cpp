// SPDX-License-Identifier: Apache-2.0
#include "cgroup/cpu_max_writer.hpp"

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

void note(Undone& undone, const std::string& text) {
    undone.note += (undone.note.empty() ? "" : "; ") + text;
}

/// Whether the unit's quota is one that Plimsoll set and not what systemd had before.
bool isOurQuota(const BaselineRecord& record, std::uint64_t quota) {
    if (!record.unit || quota == record.owner().unit.cpu.quotaPerSecond) {
        return false;
    }
    const auto gives = [&record, quota](const std::string& text) {
        const auto value = parseCpuMax(text);
        return value && trimmed(text) != trimmed(record.baseline) &&
               propertiesFor(*value, record.owner().unit.cpu).quotaPerSecond == quota;
    };
    return gives(record.from) || gives(record.to);
}

/// The same in whole percents, as a drop-in has it.
bool samePercent(std::uint64_t a, std::uint64_t b) {
    return a == b || (a != kNotSet && b != kNotSet && a / 10'000 == b / 10'000);
}

std::string asText(const Error& error) {
    return error.what;
}

} // namespace

Result<std::string> CpuMaxWriter::read(const OpenGroup& group) const {
    auto bytes = port_.read(group, "cpu.max");
    if (!bytes && bytes.error().gone() && !port_.groupIsGone(group)) {
        return fail(ENOTSUP, group.path +
                                 " has no cpu.max: its parent's cgroup.subtree_control does "
                                 "not have the cpu controller");
    }
    return bytes;
}

bool CpuMaxWriter::hasGroupsThatAreNoUnits(const OpenGroup& group) const {
    const auto below = port_.subgroups(group.path);
    return below && std::ranges::any_of(
                        *below, [](const std::string& name) { return !looksLikeUnit(name); });
}

Result<std::optional<UnitBefore>> CpuMaxWriter::ownerOf(const OpenGroup& group,
                                                        const CgroupPath& path) const {
    const auto found = units_.unitOf(path);
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

CpuMax CpuMaxWriter::reachable(const CpuMax& wanted, const BaselineRecord& record) {
    return record.unit ? rendered(propertiesFor(wanted, record.owner().unit.cpu)) : wanted;
}

Result<std::string> CpuMaxWriter::write(const OpenGroup& group, BaselineRecord& record) const {
    if (record.unit) {
        return writeThroughSystemd(group, record);
    }
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    if (auto done = files_.writeCpuMax(group, record.cgroup.path, record.to + "\n"); !done) {
        return std::unexpected(std::move(done).error());
    }
    return std::string{};
}

Result<std::string> CpuMaxWriter::writeThroughSystemd(const OpenGroup& group,
                                                      BaselineRecord& record) const {
    const auto found = units_.unitOf(record.cgroup.path);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::optional<ManagedUnit>& now = *found;
    const auto wanted = parseCpuMax(record.to);
    if (!now || now->name != record.owner().unit.name || !wanted) {
        return fail(ESTALE, group.path + " is no longer the cgroup of " + record.owner().unit.name);
    }
    auto changed = change(group, record, now->cpu, propertiesFor(*wanted, now->cpu));
    if (!changed) {
        return changed;
    }
    for (int look = 1;; ++look) {
        const auto bytes = read(group);
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        if (trimmed(*bytes) == record.to) {
            return changed;
        }
        if (look == kLooks) {
            return fail(EIO, "setting CPUQuota of " + record.owner().unit.name + ": asked for '" +
                                 record.to + "', cpu.max says '" + std::string(trimmed(*bytes)) +
                                 "'");
        }
        std::this_thread::sleep_for(kBetweenLooks);
    }
}

Result<std::string> CpuMaxWriter::change(const OpenGroup& group, BaselineRecord& record,
                                         const CpuProperties& had,
                                         const CpuProperties& wanted) const {
    if (record.owner().unit.name.ends_with(".slice") && hasGroupsThatAreNoUnits(group)) {
        return fail(EBUSY, group.path + " has groups that are no units; systemd would switch their "
                                        "controllers off");
    }
    std::string notes;
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        notes = asText(put.error()); // left by a call that was in doubt
    }
    auto beside = noteBeside(port_, group);
    if (!beside) {
        return std::unexpected(std::move(beside).error());
    }
    record.beside = std::move(*beside);
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    const auto called = units_.change(record.owner().unit.name, had, wanted);
    // After a failure as well: systemd may have done it.
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        notes += (notes.empty() ? "" : "; ") + asText(put.error());
    }
    if (!called && called.error().code == ETIMEDOUT) {
        return std::unexpected(called.error()); // it may do it yet: the notes stay
    }
    record.beside.clear();
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    if (!called) {
        return std::unexpected(called.error());
    }
    return notes;
}

Result<Undone> CpuMaxWriter::undo(const OpenGroup& group, BaselineRecord record) const {
    const auto now = read(group);
    if (!now && now.error().code != ENOTSUP) {
        return std::unexpected(now.error());
    }
    return now && !record.isOurs(*now) ? yield(group, std::move(record))
                                       : restore(group, std::move(record));
}

Result<Undone> CpuMaxWriter::restore(const OpenGroup& group, BaselineRecord record) const {
    const auto now = read(group);
    if (now && trimmed(*now) != trimmed(record.baseline)) {
        record.from = trimmed(*now);
    }
    record.to = trimmed(record.baseline);
    if (auto stored = storeBaseline(port_, group, record); !stored) {
        return std::unexpected(std::move(stored).error());
    }
    Undone undone;
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        note(undone, asText(put.error()));
    }
    if (auto reset = resetUnit(group, record, undone); !reset) {
        return std::unexpected(std::move(reset).error());
    }
    if (auto settled = settle(group, record, undone); !settled) {
        return std::unexpected(std::move(settled).error());
    }
    dropOurDropIns(record, undone);
    return undone;
}

/// systemd's property back to what it was. Where that cannot be done the file is still put right.
Result<void> CpuMaxWriter::resetUnit(const OpenGroup& group, BaselineRecord& record,
                                     Undone& undone) const {
    if (!record.unit) {
        return {};
    }
    const auto found = units_.unitOf(record.cgroup.path);
    if (!found) {
        undone.unitPending = true;
        note(undone, asText(found.error()));
        return {};
    }
    const std::optional<ManagedUnit>& now = *found;
    const ManagedUnit& before = record.owner().unit;
    if (!now || now->name != before.name || now->cpu == before.cpu) {
        return {};
    }
    const auto changed = change(group, record, now->cpu, before.cpu);
    if (!changed && changed.error().gone()) {
        return std::unexpected(changed.error());
    }
    undone.unitPending = !changed;
    if (!changed) {
        note(undone, asText(changed.error()));
    } else if (!changed->empty()) {
        note(undone, *changed);
    }
    return {};
}

/// The bytes themselves. systemd's value may be coarser than they were: runc rounds what it tells
/// systemd up to whole percents and writes the exact quota into the file.
Result<void> CpuMaxWriter::settle(const OpenGroup& group, const BaselineRecord& record,
                                  Undone& undone) const {
    const auto now = read(group);
    undone.now = trimmed(record.baseline);
    if (!now) {
        const auto baseline = parseCpuMax(record.baseline);
        if (now.error().code == ENOTSUP && baseline && !baseline->quota) {
            note(undone, asText(now.error())); // nothing limits it, as before
            return {};
        }
        return std::unexpected(now.error());
    }
    if (trimmed(*now) == trimmed(record.baseline)) {
        return {};
    }
    return files_.writeCpuMax(group, record.cgroup.path, record.baseline);
}

void CpuMaxWriter::dropOurDropIns(const BaselineRecord& record, Undone& undone) const {
    if (!record.unit) {
        return;
    }
    const auto quota = dropIns_.quota(record.owner().unit);
    const auto before = record.owner().unit.cpu.quotaPerSecond;
    // Somebody else's value, set through systemd after ours, replaced our drop-in: it is theirs.
    if (quota && !samePercent(*quota, before) && !isOurQuota(record, *quota)) {
        return;
    }
    if (auto put = dropIns_.putBack(record.owner()); !put) {
        note(undone, asText(put.error()));
    }
}

Result<Undone> CpuMaxWriter::yield(const OpenGroup& group, BaselineRecord record) const {
    const auto bytes = read(group);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    Undone undone{.now = std::string(trimmed(*bytes)), .yielded = true};
    if (auto put = putBackBeside(port_, group, record.beside); !put) {
        note(undone, asText(put.error()));
    }
    if (!record.unit) {
        return undone;
    }
    const auto found = units_.unitOf(record.cgroup.path);
    const auto now = found.value_or(std::nullopt);
    if (now && isOurQuota(record, now->cpu.quotaPerSecond)) {
        // Written into the file only: systemd would bring our quota back some day. Their bytes
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
        note(undone, asText(found.error()));
    }
    dropOurDropIns(record, undone);
    return undone;
}

Result<bool> CpuMaxWriter::cleanUnit(const std::string& absolutePath, BaselineRecord record) const {
    if (!record.unit) {
        return true;
    }
    Undone undone;
    const auto found = units_.unitOf(record.cgroup.path);
    const auto now = found.value_or(std::nullopt);
    if (now && now->name == record.owner().unit.name &&
        isOurQuota(record, now->cpu.quotaPerSecond)) {
        // Started again with our drop-in: another cgroup, and our quota in it.
        const auto group = port_.openGroup(absolutePath);
        const auto bytes = group ? read(*group) : std::unexpected(group.error());
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        record.cgroup.inode = group->inode;
        record.beside.clear();
        record.baseline =
            record.isOurs(*bytes) ? formatCpuMax(rendered(record.owner().unit.cpu)) + "\n" : *bytes;
        auto restored = restore(*group, std::move(record));
        if (!restored) {
            return std::unexpected(std::move(restored).error());
        }
        if (auto removed = removeBaseline(port_, *group); !removed) {
            return std::unexpected(std::move(removed).error());
        }
        return !restored->unitPending;
    }
    dropOurDropIns(record, undone);
    return found.has_value();
}

} // namespace plimsoll::cgroup
