// SPDX-License-Identifier: Apache-2.0
// The kernel's text to numbers. Pure and without allocation; text that the kernel does not write
// (missing fields, numbers that do not fit) gives none rather than a wrong number.
#pragma once

#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::cgroup {

/// cpu.stat. The throttling counters are there only where the cpu controller is.
struct CpuStat {
    std::uint64_t usageMicroseconds = 0;
    std::optional<std::uint64_t> periods;
    std::optional<std::uint64_t> throttledPeriods;
    std::optional<std::uint64_t> throttledMicroseconds;
    friend bool operator==(const CpuStat&, const CpuStat&) = default;
};
std::optional<CpuStat> parseCpuStat(std::string_view text);

/// A file with one number: memory.current.
std::optional<std::uint64_t> parseNumber(std::string_view text);

/// inactive_file of memory.stat, in bytes. Stops at that line, about half way.
std::optional<std::uint64_t> parseInactiveFile(std::string_view text);

/// "high" of memory.events: how often the group was throttled for being above memory.high.
std::optional<std::uint64_t> parseHighEvents(std::string_view text);

/// cpu.pressure, memory.pressure, io.pressure, of a cgroup or of /proc/pressure.
std::optional<Pressure> parsePressure(std::string_view text);

/// The first line of /proc/stat, in ticks of USER_HZ since boot, and how many CPUs are online.
struct NodeCpuTimes {
    std::uint64_t busy = 0;   ///< user + nice + system + irq + softirq; guest time is within user
    std::uint64_t idle = 0;   ///< idle alone
    std::uint64_t iowait = 0; ///< proc(5): may decrease
    std::uint64_t steal = 0;
    unsigned onlineCpus = 0;
    friend bool operator==(const NodeCpuTimes&, const NodeCpuTimes&) = default;
};
std::optional<NodeCpuTimes> parseProcStat(std::string_view text);

/// /proc/meminfo, in bytes.
struct MemoryInfo {
    std::uint64_t total = 0;
    std::uint64_t available = 0;
    friend bool operator==(const MemoryInfo&, const MemoryInfo&) = default;
};
std::optional<MemoryInfo> parseMemoryInfo(std::string_view text);

/// /proc/loadavg.
std::optional<LoadSample> parseLoadAverage(std::string_view text);

/// One line of /proc/diskstats, of a whole device or of a partition. The milliseconds have 32 bits
/// and start again at zero after 49 days of I/O; the others are as long as the kernel's words.
struct DiskCounters {
    std::string_view name; ///< within the text
    std::uint64_t reads = 0;
    std::uint64_t readSectors = 0; ///< of 512 bytes, whatever the device's own are
    std::uint64_t writes = 0;
    std::uint64_t writtenSectors = 0;
    std::uint64_t busyMilliseconds = 0; ///< with I/O under way (io_ticks)
    friend bool operator==(const DiskCounters&, const DiskCounters&) = default;
};
/// Takes the first line off `text`. None: a line that is cut off or not the kernel's.
std::optional<DiskCounters> takeDisk(std::string_view& text);

/// One line of /proc/net/dev.
struct InterfaceCounters {
    std::string_view name; ///< within the text
    std::uint64_t receivedBytes = 0;
    std::uint64_t receivedPackets = 0;
    std::uint64_t receiveDrops = 0;
    std::uint64_t sentBytes = 0;
    std::uint64_t sentPackets = 0;
    std::uint64_t sendDrops = 0;
    friend bool operator==(const InterfaceCounters&, const InterfaceCounters&) = default;
};
/// Takes the two lines of headings off the text of /proc/net/dev, which say which column is which.
/// False: they are others.
bool takeInterfaceHeadings(std::string_view& text);
/// Takes the first line off `text`. None: a line that is cut off or not the kernel's.
std::optional<InterfaceCounters> takeInterface(std::string_view& text);

} // namespace plimsoll::cgroup
