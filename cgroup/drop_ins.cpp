// SPDX-License-Identifier: Apache-2.0
#include "cgroup/drop_ins.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <vector>

namespace plimsoll::cgroup {
namespace {

constexpr std::string_view kPeriodSetting = "CPUQuotaPeriodSec";
/// systemd's own are under 200 bytes; a longer one does not fit into the record.
constexpr std::size_t kLongestDropIn = 2048;

/// The amount first.
std::vector<std::string_view> settingsOf(Lever lever) {
    return lever == Lever::cpuMax ? std::vector{settingName(lever), kPeriodSetting}
                                  : std::vector{settingName(lever)};
}

std::string fileOf(std::string_view setting) {
    return "50-" + std::string(setting) + ".conf";
}

bool isFileOf(Lever lever, const std::string& file) {
    return std::ranges::any_of(
        settingsOf(lever), [&file](std::string_view setting) { return file == fileOf(setting); });
}

template <class Number>
std::optional<Number> numberBefore(std::string_view end, std::string_view text) {
    Number value{};
    const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{} || std::string_view(rest, text.data() + text.size()) != end) {
        return std::nullopt;
    }
    return value;
}

} // namespace

bool holdsOnly(Lever lever, std::string_view text) {
    const auto settings = settingsOf(lever);
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto equals = std::min(line.find('='), line.size());
        const bool known = line.empty() || line.starts_with('#') || line == "[Slice]" ||
                           line == "[Scope]" || line == "[Service]" ||
                           (equals < line.size() &&
                            std::ranges::find(settings, line.substr(0, equals)) != settings.end());
        if (!known || line.ends_with('\\')) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> parseDropIn(Lever lever, std::string_view text) {
    const std::string key = "\n" + std::string(settingName(lever)) + "=";
    const auto at = text.find(key);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(at + key.size());
    text = text.substr(0, text.find('\n'));
    if (text.empty() || text == "infinity") {
        return kNotSet;
    }
    if (lever == Lever::memoryHigh) {
        return numberBefore<std::uint64_t>("", text);
    }
    const auto percent = numberBefore<double>("%", text);
    if (!percent || !(*percent >= 0 && *percent <= 1e9)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::llround(*percent * 10'000));
}

std::string DropIns::root(const ManagedUnit& unit) const {
    return systemdRuntime_ + (unit.transient ? "/transient" : "/system.control");
}

std::string DropIns::directory(const ManagedUnit& unit) const {
    return root(unit) + "/" + unit.name + ".d";
}

Result<UnitBefore> DropIns::take(const ManagedUnit& unit) const {
    UnitBefore before{.unit = unit, .dropInDirectory = port_.isDirectory(directory(unit))};
    for (const auto setting : settingsOf(unit.limit.lever)) {
        const std::string path = directory(unit) + "/" + fileOf(setting);
        const auto read = port_.readFile(path);
        if (!read) {
            return std::unexpected(read.error());
        }
        const std::optional<std::string>& content = *read;
        if (content &&
            (content->size() > kLongestDropIn || !holdsOnly(unit.limit.lever, *content))) {
            return fail(EEXIST, path + " holds more than " +
                                    std::string(settingName(unit.limit.lever)) +
                                    "; systemd would overwrite it");
        }
        before.dropIns.push_back({fileOf(setting), content});
    }
    return before;
}

Result<void> DropIns::putBack(const UnitBefore& before) const {
    const Lever lever = before.unit.limit.lever;
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
        if (!isFileOf(lever, saved.file) || (saved.content && !holdsOnly(lever, *saved.content))) {
            return fail(EINVAL, path + " is not put back: it is no drop-in of " +
                                    std::string(settingName(lever)));
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

std::optional<std::string> DropIns::amountText(const ManagedUnit& unit) const {
    return port_.readFile(directory(unit) + "/" + fileOf(settingName(unit.limit.lever)))
        .value_or(std::nullopt);
}

} // namespace plimsoll::cgroup
