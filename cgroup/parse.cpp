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
    bool takePercent(double& value) {
        unsigned hundredths = 0;
        std::size_t at = 0;
        while (at < rest_.size() && isDigit(rest_[at])) {
            hundredths = hundredths * 10 + digit(rest_[at++]);
            if (at > 3) {
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

} // namespace plimsoll::cgroup
