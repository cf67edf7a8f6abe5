// SPDX-License-Identifier: Apache-2.0
// What systemd has behind the levers of the units it manages, over its bus interface. systemd owns
// the cgroup files of its units: what others write there is lost with the next daemon-reload.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

/// systemd's "infinity" and "not set".
inline constexpr std::uint64_t kNotSet = UINT64_MAX;

/// The properties of a unit that make one lever.
struct UnitLimit {
    Lever lever = Lever::cpuMax;
    /// CPUQuotaPerSecUSec, microseconds of CPU a second; or MemoryHigh, bytes.
    std::uint64_t amount = kNotSet;
    std::uint64_t period = kNotSet; ///< of cpu.max: CPUQuotaPeriodUSec; not set: 100 ms
    friend bool operator==(const UnitLimit&, const UnitLimit&) = default;
};

/// "CPUQuota", "MemoryHigh": the setting in a unit file.
std::string_view settingName(Lever lever);

/// What the file says once systemd has written these properties
/// (cgroup_apply_unified_cpu_quota()); the kernel keeps whole pages of memory.high.
Limit rendered(const UnitLimit& limit);

/// The properties that give this limit, starting from what systemd has: the period is left alone
/// where it is the same already, and the quota is a whole percent of a core, rounded up, because
/// systemd's drop-in keeps CPUQuota= in whole percents (two decimals from 254 on) and a finer value
/// would change at the next daemon-reload. Memory is in whole pages, at least one.
UnitLimit unitLimitFor(const Limit& wanted, const UnitLimit& had);

/// What is left of it after a daemon-reload has read it back from its drop-in: whole percents.
UnitLimit keptInDropIn(UnitLimit limit);

struct ManagedUnit {
    std::string name;
    bool transient = false; ///< drop-ins go to another directory then
    UnitLimit limit;        ///< of the lever that was asked for
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

    /// The unit whose own cgroup this is, with what it has for `lever`. None: systemd does not
    /// manage it, or knows no such limit for it. ENOTCONN, ETIMEDOUT, EACCES: systemd could not be
    /// asked.
    virtual Result<std::optional<ManagedUnit>> unitOf(const CgroupPath& path, Lever lever) = 0;

    /// Sets the amount, and the period where it differs from what the unit had, at run time (until
    /// the next boot). When this returns systemd has written the unit's whole idea of the cgroup
    /// into its files, the lever's or not (measured: memory.max, pids.max, cpu.weight, … too).
    virtual Result<void> change(const std::string& unit, const UnitLimit& had,
                                const UnitLimit& wanted) = 0;

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
