// SPDX-License-Identifier: Apache-2.0
// What has a row of counters in a file of /proc, and comes and goes: disks and network interfaces.
#pragma once

#include "cgroup/descriptor.hpp"
#include "daemon/collector/rates.hpp"
#include "daemon/collector/reading.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::collector {

/// Rows of /proc/diskstats. Whole devices count; what a partition does, its disk does, too.
class Disks {
public:
    using Sample = DiskSample;
    using Rates = DiskRates;
    static constexpr const char* kFile = "diskstats";

    explicit Disks(const std::string& sysRoot);
    static bool takeHeadings(std::string_view&) { return true; } // there are none
    static std::optional<cgroup::DiskCounters> takeRow(std::string_view& text) {
        return cgroup::takeDisk(text);
    }
    /// Asked once for each device that appears. Without /sys, partitions count, too.
    [[nodiscard]] bool counts(std::string_view name) const;

private:
    cgroup::Descriptor blocks_; ///< /sys/class/block
};

/// Rows of /proc/net/dev: all but the loopback.
class Interfaces {
public:
    using Sample = InterfaceSample;
    using Rates = InterfaceRates;
    static constexpr const char* kFile = "net/dev";

    static bool takeHeadings(std::string_view& text) { return cgroup::takeInterfaceHeadings(text); }
    static std::optional<cgroup::InterfaceCounters> takeRow(std::string_view& text) {
        return cgroup::takeInterface(text);
    }
    static bool counts(std::string_view name) { return name != "lo"; }
};

/// Follows the devices of one kind by their names. One whose row is not there any more is
/// forgotten; if it comes back it is new.
template <class Kind>
class DeviceReader {
public:
    using Sample = typename Kind::Sample;
    explicit DeviceReader(Kind kind = {});

    /// Makes `into` the devices that count, ordered by name. Where the text cannot be read, or from
    /// the first row on that is not the kernel's, the devices known so far stay, without values.
    void read(int proc, Pass& pass, std::vector<Sample>& into);

private:
    struct Device {
        Sample sample;
        typename Kind::Rates rates;
        bool counts = false;
        std::uint64_t seen = 0; ///< tick
    };

    std::expected<std::string_view, cgroup::ReadFailure> readText(int proc);
    std::expected<void, Unknown> update(int proc, Pass& pass);
    bool updateRows(std::string_view text, const Pass& pass);
    Device& find(std::string_view name);
    void publish(std::vector<Sample>& into) const;

    Kind kind_;
    cgroup::KeptFile file_{Kind::kFile};
    std::vector<char> buffer_;
    std::vector<Device> devices_; ///< ordered by name; also those that do not count
};

extern template class DeviceReader<Disks>;
extern template class DeviceReader<Interfaces>;

} // namespace plimsoll::collector
