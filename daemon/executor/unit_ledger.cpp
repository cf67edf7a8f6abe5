// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/unit_ledger.hpp"

#include <cerrno>
#include <utility>

namespace plimsoll::executor {

std::string UnitLedger::pathOf(const cgroup::BaselineRecord& record) const {
    return directory_ + "/" + record.owner().unit.name;
}

Result<void> UnitLedger::note(const cgroup::BaselineRecord& record) {
    if (!record.unit) {
        return {};
    }
    if (!cgroup::isSafeUnitName(record.owner().unit.name)) {
        return fail(EINVAL, "'" + record.owner().unit.name + "' is not the name of a unit");
    }
    return port_.replaceFile(pathOf(record), cgroup::serialise(record));
}

Result<void> UnitLedger::strike(const cgroup::BaselineRecord& record) {
    return record.unit ? port_.removeFile(pathOf(record)) : Result<void>{};
}

Result<std::optional<cgroup::BaselineRecord>> UnitLedger::find(const std::string& unit) {
    const std::string path = directory_ + "/" + unit;
    const auto read = port_.readFile(path);
    if (!read) {
        return std::unexpected(read.error());
    }
    const std::optional<std::string>& text = *read;
    if (!text) {
        return std::optional<cgroup::BaselineRecord>{};
    }
    auto record = cgroup::parseBaselineRecord(*text);
    if (record && (!record->unit || record->owner().unit.name != unit)) {
        record = fail(EINVAL, "the record of the baseline is another unit's");
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
        if (!cgroup::isSafeUnitName(file)) {
            if (auto removed = port_.removeFile(path); !removed) {
                return std::unexpected(std::move(removed).error());
            }
            continue;
        }
        const auto found = find(file);
        if (!found) {
            entries.push_back({path, std::unexpected(found.error())});
        } else if (const std::optional<cgroup::BaselineRecord>& record = *found) {
            entries.push_back({path, *record});
        }
    }
    return entries;
}

} // namespace plimsoll::executor
