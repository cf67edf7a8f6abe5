// SPDX-License-Identifier: Apache-2.0
#include "cgroup/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace plimsoll::cgroup {
namespace {

/// Walks over a text and takes off it what is expected.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool atEnd() const { return rest_.empty(); }

    bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) {
            return false;
        }
        rest_.remove_prefix(expected.size());
        return true;
    }
    /// Only digits; what does not fit is refused.
    bool takeNumber(std::uint64_t& value) {
        const char* const begin = rest_.data();
        const auto [end, error] = std::from_chars(begin, begin + rest_.size(), value);
        if (error != std::errc{}) {
            return false;
        }
        rest_.remove_prefix(static_cast<std::size_t>(end - begin));
        return true;
    }
    /// "12.34", as PSI averages are written: at most three digits before the point, two after it.
    bool takePercent(double& value) { return takeHundredths(value, 3); }
    /// The same with at most `digits` (seven or less) before the point.
    bool takeHundredths(double& value, std::size_t digits) {
        unsigned hundredths = 0;
        std::size_t at = 0;
        while (at < rest_.size() && isDigit(rest_[at])) {
            hundredths = hundredths * 10 + digit(rest_[at++]);
            if (at > digits) {
                return false;
            }
        }
        if (at == 0 || at + 2 >= rest_.size() || rest_[at] != '.' || !isDigit(rest_[at + 1]) ||
            !isDigit(rest_[at + 2])) {
            return false;
        }
        hundredths = hundredths * 100 + digit(rest_[at + 1]) * 10 + digit(rest_[at + 2]);
        rest_.remove_prefix(at + 3);
        value = hundredths / 100.0;
        return true;
    }
    void skipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
    bool takeLineEnd() { return take("\n") || atEnd(); }
    void skipLine() {
        const std::size_t end = rest_.find('\n');
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    }
    /// At least one character, up to `end` or a blank.
    bool takeName(std::string_view& name, char end) {
        const std::size_t length = std::min(rest_.find(end), rest_.size());
        name = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return !name.empty() && name.find_first_of(" \t\n") == std::string_view::npos;
    }
    /// A column of a table: blanks, then a number.
    bool takeColumn(std::uint64_t& value) {
        skipBlanks();
        return takeNumber(value);
    }
    [[nodiscard]] bool startsWithDigit() const { return !rest_.empty() && isDigit(rest_.front()); }

private:
    static bool isDigit(char c) { return c >= '0' && c <= '9'; }
    static unsigned digit(char c) { return static_cast<unsigned>(c - '0'); }

    std::string_view rest_;
};

bool takePressureLine(Cursor& in, PressureLine& line) {
    return in.take(" avg10=") && in.takePercent(line.avg10) && in.take(" avg60=") &&
           in.takePercent(line.avg60) && in.take(" avg300=") && in.takePercent(line.avg300) &&
           in.take(" total=") && in.takeNumber(line.totalMicroseconds) && in.takeLineEnd();
}

/// "MemTotal:       16384 kB" behind its name.
bool takeKibibytes(Cursor& in, std::uint64_t& bytes) {
    in.skipBlanks();
    std::uint64_t kibibytes = 0;
    if (!in.takeNumber(kibibytes) || !in.take(" kB") || !in.takeLineEnd() ||
        kibibytes > std::numeric_limits<std::uint64_t>::max() / 1024) {
        return false;
    }
    bytes = kibibytes * 1024;
    return true;
}

/// One line of a table with a row for each device. The newline belongs to it: a row without one is
/// cut off, perhaps within a number.
std::optional<std::string_view> takeRow(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(end + 1);
    return row;
}

template <std::size_t Count>
bool takeColumns(Cursor& in, std::array<std::uint64_t, Count>& columns) {
    return std::ranges::all_of(columns,
                               [&in](std::uint64_t& value) { return in.takeColumn(value); });
}

} // namespace

std::optional<CpuStat> parseCpuStat(std::string_view text) {
    Cursor in(text);
    CpuStat stat;
    bool hasUsage = false;
    const auto optionalNumber = [&in](std::optional<std::uint64_t>& value) {
        return in.takeNumber(value.emplace()) && in.takeLineEnd();
    };
    while (!in.atEnd()) {
        bool good = true;
        if (in.take("usage_usec ")) {
            good = hasUsage = in.takeNumber(stat.usageMicroseconds) && in.takeLineEnd();
        } else if (in.take("nr_periods ")) {
            good = optionalNumber(stat.periods);
        } else if (in.take("nr_throttled ")) {
            good = optionalNumber(stat.throttledPeriods);
        } else if (in.take("throttled_usec ")) {
            good = optionalNumber(stat.throttledMicroseconds);
        } else {
            in.skipLine();
        }
        if (!good) {
            return std::nullopt;
        }
    }
    return hasUsage ? std::optional(stat) : std::nullopt;
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
    Cursor in(text);
    std::uint64_t value = 0;
    if (!in.takeNumber(value) || !in.takeLineEnd() || !in.atEnd()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> parseInactiveFile(std::string_view text) {
    static constexpr std::string_view kKey = "\ninactive_file ";
    if (text.empty()) {
        return std::nullopt; // memmem takes no null
    }
    // memmem, which glibc has in SIMD: the line stands behind some twenty others.
    const void* const found = ::memmem(text.data(), text.size(), kKey.data(), kKey.size());
    std::size_t begin = 0;
    if (found != nullptr) {
        begin = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
    }
    Cursor in(text.substr(begin));
    std::uint64_t value = 0;
    if (!in.take(kKey.substr(1)) || !in.takeNumber(value) || !in.takeLineEnd()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> parseHighEvents(std::string_view text) {
    Cursor in(text);
    while (!in.atEnd()) {
        if (in.take("high ")) {
            std::uint64_t value = 0;
            return in.takeNumber(value) && in.takeLineEnd() ? std::optional(value) : std::nullopt;
        }
        in.skipLine();
    }
    return std::nullopt;
}

std::optional<Pressure> parsePressure(std::string_view text) {
    Cursor in(text);
    Pressure pressure;
    if (!in.take("some") || !takePressureLine(in, pressure.some)) {
        return std::nullopt;
    }
    if (in.take("full") && !takePressureLine(in, pressure.full.emplace())) {
        return std::nullopt;
    }
    return in.atEnd() ? std::optional(pressure) : std::nullopt;
}

std::optional<NodeCpuTimes> parseProcStat(std::string_view text) {
    Cursor in(text);
    if (!in.take("cpu ")) {
        return std::nullopt;
    }
    // user nice system idle iowait irq softirq steal [guest guest_nice]: proc(5)
    std::array<std::uint64_t, 8> fields{};
    std::uint64_t sum = 0;
    for (std::uint64_t& field : fields) {
        in.skipBlanks();
        if (!in.takeNumber(field) || __builtin_add_overflow(sum, field, &sum)) {
            return std::nullopt;
        }
    }
    const auto [user, nice, system, idle, iowait, irq, softirq, steal] = fields;
    NodeCpuTimes times{.busy = user + nice + system + irq + softirq,
                       .idle = idle,
                       .iowait = iowait,
                       .steal = steal};
    in.skipLine();
    while (in.take("cpu") && in.startsWithDigit()) { // one line for each that is online
        ++times.onlineCpus;
        in.skipLine();
    }
    return times.onlineCpus > 0 ? std::optional(times) : std::nullopt;
}

std::optional<MemoryInfo> parseMemoryInfo(std::string_view text) {
    Cursor in(text);
    MemoryInfo info;
    bool hasTotal = false;
    bool hasAvailable = false;
    while (!in.atEnd() && !(hasTotal && hasAvailable)) {
        if (in.take("MemTotal:")) {
            hasTotal = takeKibibytes(in, info.total);
            if (!hasTotal) {
                return std::nullopt;
            }
        } else if (in.take("MemAvailable:")) {
            hasAvailable = takeKibibytes(in, info.available);
            if (!hasAvailable) {
                return std::nullopt;
            }
        } else {
            in.skipLine();
        }
    }
    return hasTotal && hasAvailable ? std::optional(info) : std::nullopt;
}

std::optional<LoadSample> parseLoadAverage(std::string_view text) {
    constexpr std::size_t kDigits = 7; // more tasks than the 2^22 that Linux can have
    Cursor in(text);
    LoadSample load;
    std::uint64_t runnable = 0;
    std::uint64_t tasks = 0;
    std::uint64_t lastPid = 0;
    const bool good = in.takeHundredths(load.over1, kDigits) && in.take(" ") &&
                      in.takeHundredths(load.over5, kDigits) && in.take(" ") &&
                      in.takeHundredths(load.over15, kDigits) && in.take(" ") &&
                      in.takeNumber(runnable) && in.take("/") && in.takeNumber(tasks) &&
                      in.take(" ") && in.takeNumber(lastPid) && in.takeLineEnd() && in.atEnd();
    return good ? std::optional(load) : std::nullopt;
}

std::optional<DiskCounters> takeDisk(std::string_view& text) {
    const auto row = takeRow(text);
    if (!row) {
        return std::nullopt;
    }
    Cursor in(*row);
    DiskCounters disk;
    std::array<std::uint64_t, 2> device{}; // major and minor
    // reads merged sectors ms, writes merged sectors ms, in flight, busy ms, weighted ms
    // [discards and flushes since 4.18 and 5.5]: Documentation/admin-guide/iostats.rst
    std::array<std::uint64_t, 11> columns{};
    if (!takeColumns(in, device) || !in.take(" ") || !in.takeName(disk.name, ' ') ||
        !takeColumns(in, columns) || !(in.atEnd() || in.take(" "))) {
        return std::nullopt;
    }
    disk.reads = columns[0];
    disk.readSectors = columns[2];
    disk.writes = columns[4];
    disk.writtenSectors = columns[6];
    disk.busyMilliseconds = columns[9];
    return disk;
}

bool takeInterfaceHeadings(std::string_view& text) {
    constexpr std::string_view kColumns =
        " face |bytes    packets errs drop fifo frame compressed multicast|"
        "bytes    packets errs drop fifo colls carrier compressed";
    const auto first = takeRow(text);
    const auto second = takeRow(text);
    return first && first->starts_with("Inter-|") && second == kColumns;
}

std::optional<InterfaceCounters> takeInterface(std::string_view& text) {
    const auto row = takeRow(text);
    if (!row) {
        return std::nullopt;
    }
    Cursor in(*row);
    InterfaceCounters found;
    std::array<std::uint64_t, 16> columns{};
    in.skipBlanks();
    if (!in.takeName(found.name, ':') || !in.take(":") || !takeColumns(in, columns) ||
        !in.atEnd()) {
        return std::nullopt;
    }
    found.receivedBytes = columns[0];
    found.receivedPackets = columns[1];
    found.receiveDrops = columns[3];
    found.sentBytes = columns[8];
    found.sentPackets = columns[9];
    found.sendDrops = columns[11];
    return found;
}

} // namespace plimsoll::cgroup
