// SPDX-License-Identifier: Apache-2.0
#include "cgroup/drop_ins.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>

namespace plimsoll::cgroup {
namespace {

constexpr std::string_view kQuotaFile = "50-CPUQuota.conf";
constexpr std::string_view kPeriodFile = "50-CPUQuotaPeriodSec.conf";
/// systemd's own are under 200 bytes; a longer one does not fit into the record.
constexpr std::size_t kLongestDropIn = 2048;

} // namespace

bool holdsOnlyQuota(std::string_view text) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const bool known = line.empty() || line.starts_with('#') || line == "[Slice]" ||
                           line == "[Scope]" || line == "[Service]" ||
                           line.starts_with("CPUQuota=") || line.starts_with("CPUQuotaPeriodSec=");
        if (!known || line.ends_with('\\')) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> parseQuotaDropIn(std::string_view text) {
    constexpr std::string_view kKey = "\nCPUQuota=";
    const auto at = text.find(kKey);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(at + kKey.size());
    text = text.substr(0, text.find('\n'));
    if (text.empty()) {
        return kNotSet;
    }
    double percent = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (status != std::errc{} || std::string_view(end, text.data() + text.size()) != "%" ||
        percent < 0 || percent > 1e9) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::llround(percent * 10'000));
}

std::string DropIns::root(const ManagedUnit& unit) const {
    return systemdRuntime_ + (unit.transient ? "/transient" : "/system.control");
}

std::string DropIns::directory(const ManagedUnit& unit) const {
    return root(unit) + "/" + unit.name + ".d";
}

Result<UnitBefore> DropIns::take(const ManagedUnit& unit) const {
    UnitBefore before{.unit = unit, .dropInDirectory = port_.isDirectory(directory(unit))};
    for (const auto file : {kQuotaFile, kPeriodFile}) {
        const std::string path = directory(unit) + "/" + std::string(file);
        const auto read = port_.readFile(path);
        if (!read) {
            return std::unexpected(read.error());
        }
        const std::optional<std::string>& content = *read;
        if (content && (content->size() > kLongestDropIn || !holdsOnlyQuota(*content))) {
            return fail(EEXIST, path + " holds more than a CPU quota; systemd would overwrite it");
        }
        before.dropIns.push_back({std::string(file), content});
    }
    return before;
}

Result<void> DropIns::putBack(const UnitBefore& before) const {
    const std::string directory = this->directory(before.unit);
    const bool there = port_.isDirectory(directory); // or a transient unit ended and took it along
    for (const auto& saved : before.dropIns) {
        if (!there) {
            break;
        }
        const std::string path = directory + "/" + saved.file;
        const auto now = port_.readFile(path);
        if (now && *now == saved.content) {
            continue;
        }
        if ((saved.file != kQuotaFile && saved.file != kPeriodFile) ||
            (saved.content && !holdsOnlyQuota(*saved.content))) {
            return fail(EINVAL, path + " is not put back: it is no drop-in of a CPU quota");
        }
        auto done =
            saved.content ? port_.replaceFile(path, *saved.content) : port_.removeFile(path);
        if (!done) {
            return done;
        }
    }
    if (before.dropInDirectory) {
        return {};
    }
    auto removed = port_.removeEmptyDirectory(directory);
    // /run/systemd/system.control is made with the first drop-in and is of no use without one.
    return removed && !before.unit.transient ? port_.removeEmptyDirectory(root(before.unit))
                                             : removed;
}

std::optional<std::uint64_t> DropIns::quota(const ManagedUnit& unit) const {
    const auto text =
        port_.readFile(directory(unit) + "/" + std::string(kQuotaFile)).value_or(std::nullopt);
    return text ? parseQuotaDropIn(*text) : std::nullopt;
}

} // namespace plimsoll::cgroup
