// SPDX-License-Identifier: Apache-2.0
// CPU properties of the units that systemd manages, over its bus interface. systemd owns the cgroup
// files of its units: what others write there is lost with the next daemon-reload.
#pragma once

#include "daemon/model/cpu_max.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

/// systemd's "infinity" and "not set".
inline constexpr std::uint64_t kNotSet = UINT64_MAX;

struct CpuProperties {
    std::uint64_t quotaPerSecond = kNotSet; ///< CPUQuotaPerSecUSec, microseconds of CPU a second
    std::uint64_t period = kNotSet;         ///< CPUQuotaPeriodUSec; not set: 100 ms
    friend bool operator==(const CpuProperties&, const CpuProperties&) = default;
};

/// What systemd writes to cpu.max for these properties (cgroup_apply_unified_cpu_quota()).
CpuMax rendered(const CpuProperties& properties);

/// The properties that give this limit, starting from what systemd has: the period is left alone
/// where it is the same already, and the quota is a whole percent of a core, rounded up, because
/// systemd's drop-in keeps CPUQuota= in whole percents (two decimals from 254 on) and a finer value
/// would change at the next daemon-reload.
CpuProperties propertiesFor(const CpuMax& wanted, const CpuProperties& had);

struct ManagedUnit {
    std::string name;
    bool transient = false; ///< drop-ins go to another directory then
    CpuProperties cpu;
    friend bool operator==(const ManagedUnit&, const ManagedUnit&) = default;
};

/// Whether a cgroup of this name can belong to a unit (slice, scope, service): asked before systemd
/// is, so that cgroupfs trees need no bus.
bool looksLikeUnit(std::string_view name);

/// Good as a file name and as systemd has them: no slash, no leading dot, at most 255 bytes.
bool isSafeUnitName(std::string_view name);

class UnitProperties {
public:
    UnitProperties() = default;
    virtual ~UnitProperties() = default;
    UnitProperties(const UnitProperties&) = delete;
    UnitProperties& operator=(const UnitProperties&) = delete;

    /// The unit whose own cgroup this is. None: systemd does not manage it, or knows no CPU quota
    /// for it. ENOTCONN, ETIMEDOUT, EACCES: systemd could not be asked.
    virtual Result<std::optional<ManagedUnit>> unitOf(const CgroupPath& path) = 0;

    /// Sets the quota, and the period where it differs from what the unit had, at run time (until
    /// the next boot). When this returns systemd has written the unit's whole idea of the cgroup
    /// into its files, cpu.max or not (measured: memory.max, pids.max, cpu.weight, … too).
    virtual Result<void> change(const std::string& unit, const CpuProperties& had,
                                const CpuProperties& wanted) = 0;

    /// After a call that timed out everything fails at once until the next turn, so that a systemd
    /// that hangs costs one time-out and not one for each pod.
    virtual void beginTurn() = 0;
};

/// Talks to the systemd of this host, if it is systemd that runs it and `mount` is the cgroup tree
/// that it manages; otherwise nothing is a unit.
std::unique_ptr<UnitProperties> makeUnitProperties(const std::string& mount);

/// The same at a given D-Bus address; `peer`: there is no bus daemon behind it.
std::unique_ptr<UnitProperties> makeUnitPropertiesAt(const std::string& address, bool peer);

} // namespace plimsoll::cgroup
