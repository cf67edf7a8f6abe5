// SPDX-License-Identifier: Apache-2.0
// The systemd units that were touched: a file for each unit and lever, with the baseline record in
// it. The record in the cgroup dies with the cgroup; a drop-in in /run/systemd does not.
#pragma once

#include "cgroup/baseline_store.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::executor {

class UnitLedger {
public:
    UnitLedger(cgroup::WritePort& port, const std::string& runtimeDirectory)
        : port_(port), directory_(runtimeDirectory + "/units") {}

    /// Nothing for a record without a unit.
    Result<void> note(const cgroup::BaselineRecord& record);
    Result<void> strike(const cgroup::BaselineRecord& record);

    /// None: the unit is not in the list.
    Result<std::optional<cgroup::BaselineRecord>> find(const std::string& unit, Lever lever);

    struct Entry {
        std::string path;
        Result<cgroup::BaselineRecord> record;
    };
    /// Takes away what a kill left half written.
    Result<std::vector<Entry>> entries();

private:
    [[nodiscard]] std::string pathOf(const std::string& unit, Lever lever) const;

    cgroup::WritePort& port_;
    std::string directory_;
};

} // namespace plimsoll::executor
