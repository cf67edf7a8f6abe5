// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/unit_ledger.hpp"

#include <cerrno>
#include <utility>

namespace plimsoll::executor {
namespace {

/// What follows the unit's name in the name of the file. Nothing for cpu.max: that was the only
/// lever once, and its files must be found after an upgrade.
std::string suffixOf(Lever lever) {
    return lever == Lever::cpuMax ? "" : "." + std::string(name(lever));
}

struct UnitAndLever {
    std::string unit;
    Lever lever = Lever::cpuMax;
};

/// None: not the name of a file of the list.
std::optional<UnitAndLever> parseFileName(const std::string& file) {
    for (const Lever lever : cgroup::kHeldLevers) {
        const auto suffix = suffixOf(lever);
        if (!file.ends_with(suffix)) {
            continue;
        }
        auto unit = file.substr(0, file.size() - suffix.size());
        if (cgroup::isSafeUnitName(unit)) {
            return UnitAndLever{std::move(unit), lever};
        }
    }
    return std::nullopt;
}

} // namespace

std::string UnitLedger::pathOf(const std::string& unit, Lever lever) const {
    return directory_ + "/" + unit + suffixOf(lever);
}

Result<void> UnitLedger::note(const cgroup::BaselineRecord& record) {
    if (!record.unit) {
        return {};
    }
    if (!cgroup::isSafeUnitName(record.owner().unit.name)) {
        return fail(EINVAL, "'" + record.owner().unit.name + "' is not the name of a unit");
    }
    return port_.replaceFile(pathOf(record.owner().unit.name, record.lever),
                             cgroup::serialise(record));
}

Result<void> UnitLedger::strike(const cgroup::BaselineRecord& record) {
    return record.unit ? port_.removeFile(pathOf(record.owner().unit.name, record.lever))
                       : Result<void>{};
}

Result<std::optional<cgroup::BaselineRecord>> UnitLedger::find(const std::string& unit,
                                                               Lever lever) {
    const std::string path = pathOf(unit, lever);
    const auto read = port_.readFile(path);
    if (!read) {
        return std::unexpected(read.error());
    }
    const std::optional<std::string>& text = *read;
    if (!text) {
        return std::optional<cgroup::BaselineRecord>{};
    }
    auto record = cgroup::parseBaselineRecord(*text);
    if (record && (!record->unit || record->owner().unit.name != unit || record->lever != lever)) {
        record = fail(EINVAL, "the record of the baseline is another unit's or lever's");
    }
    if (!record) {
        return std::unexpected(std::move(record).error().with(path));
    }
    return std::optional(std::move(*record));
}

Result<std::vector<UnitLedger::Entry>> UnitLedger::entries() {
    auto files = port_.filesIn(directory_);
    if (!files) {
        return std::unexpected(std::move(files).error());
    }
    std::vector<Entry> entries;
    for (const auto& file : *files) {
        const std::string path = directory_ + "/" + file;
        const auto named = parseFileName(file);
        if (!named) {
            if (auto removed = port_.removeFile(path); !removed) {
                return std::unexpected(std::move(removed).error());
            }
            continue;
        }
        const auto found = find(named->unit, named->lever);
        if (!found) {
            entries.push_back({path, std::unexpected(found.error())});
        } else if (const std::optional<cgroup::BaselineRecord>& record = *found) {
            entries.push_back({path, *record});
        }
    }
    return entries;
}

} // namespace plimsoll::executor
