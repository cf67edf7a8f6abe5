// SPDX-License-Identifier: Apache-2.0
// The drop-in files that systemd writes for a property set at run time. They outlive the value: the
// next daemon-reload reads them again, so undo has to take them away.
#pragma once

#include "cgroup/baseline_store.hpp"
#include "cgroup/unit_properties.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::cgroup {

class DropIns {
public:
    /// `systemdRuntime` is /run/systemd.
    DropIns(WritePort& port, std::string systemdRuntime)
        : port_(port), systemdRuntime_(std::move(systemdRuntime)) {}

    /// What is there for the lever before the first change.
    Result<UnitBefore> take(const ManagedUnit& unit) const;

    /// Makes the directory what it was. systemd then says NeedDaemonReload=yes of the unit until
    /// the next daemon-reload, set-property or end of the unit: it remembers which drop-ins it
    /// wrote and has no call to forget one. Its values stay as they are.
    Result<void> putBack(const UnitBefore& before) const;

    /// The text of the drop-in with the lever's amount; none: there is no such file.
    [[nodiscard]] std::optional<std::string> amountText(const ManagedUnit& unit) const;

private:
    [[nodiscard]] std::string root(const ManagedUnit& unit) const;
    [[nodiscard]] std::string directory(const ManagedUnit& unit) const;

    WritePort& port_;
    std::string systemdRuntime_;
};

/// Whether a drop-in holds settings of the lever and nothing else. One that holds more was written
/// by hand; systemd would overwrite it, and a record that asks for more is not believed.
bool holdsOnly(Lever lever, std::string_view text);

/// UnitLimit::amount from the text of a drop-in: "CPUQuota=20%", "CPUQuota=20.50%",
/// "MemoryHigh=52428800"; "CPUQuota=" and "MemoryHigh=infinity" are kNotSet. None for what systemd
/// does not write for a number ("MemoryHigh=10%").
std::optional<std::uint64_t> parseDropIn(Lever lever, std::string_view text);

} // namespace plimsoll::cgroup
