// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/textfile_directory.hpp"

#include "daemon/collector/custom/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <utility>

namespace plimsoll::collector {
namespace {

constexpr std::string_view kSuffix = ".prom";
constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kMostSeries = 10'000;
constexpr std::size_t kMostSeriesOfAMetric = 1000;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Stream = std::unique_ptr<DIR, CloseDirectory>;

std::string unreadable(int code) {
    return std::string("it cannot be read: ") + std::strerror(code);
}

/// In order. Hidden files are those that somebody is about to rename.
std::vector<std::string> namesIn(DIR* directory, std::string& problem) {
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name.ends_with(kSuffix) && !name.starts_with('.')) {
            names.emplace_back(name);
        }
    }
    if (errno != 0) {
        problem = unreadable(errno);
    }
    std::ranges::sort(names);
    return names;
}

/// Drops what is too much, or what cannot be shown; says so in `problem`.
void keepUsable(std::vector<std::string>& names, std::string& problem) {
    if (std::erase_if(names, [](const auto& name) { return firstBadByte(name).has_value(); }) > 0) {
        problem = "it holds a file whose name is not UTF-8";
    }
    if (names.size() > kMostFiles) {
        problem =
            "it holds more than 64 files; from " + names[kMostFiles] + " on they are left out";
        names.resize(kMostFiles);
    }
}

/// How long ago on the wall clock, as a point of the clock that nobody sets. From the future counts
/// as now. More than a year is stale for every rule, and far less than the clocks can hold.
MonotonicTime whenModified(std::int64_t modified, MonotonicTime monotonic,
                           std::chrono::system_clock::time_point realtime) {
    using std::chrono::nanoseconds;
    constexpr nanoseconds kOldest = std::chrono::hours(24 * 366);
    const auto wall = std::chrono::duration_cast<nanoseconds>(realtime.time_since_epoch());
    if (modified < (wall - kOldest).count()) {
        return monotonic - kOldest;
    }
    return monotonic - std::max(nanoseconds(0), wall - nanoseconds(modified));
}

/// Counts the series of files as long as there is room.
class Room {
public:
    /// None: there was room for all of them, and they count. Else nothing does.
    std::optional<std::string> take(const std::vector<ParsedSeries>& series) {
        if (total_ + series.size() > kMostSeries) {
            return "with it there are more than 10000 series in the directory";
        }
        std::map<std::string, std::size_t, std::less<>> counts;
        for (const auto& each : series) {
            ++counts[each.name];
        }
        for (const auto& [name, count] : counts) {
            const auto there = counts_.find(name);
            if (count + (there == counts_.end() ? 0 : there->second) > kMostSeriesOfAMetric) {
                return "with it there are more than 1000 series of " + name;
            }
        }
        for (const auto& [name, count] : counts) {
            counts_[name] += count;
        }
        total_ += series.size();
        return std::nullopt;
    }

private:
    std::map<std::string, std::size_t, std::less<>> counts_; ///< by metric
    std::size_t total_ = 0;
};

/// Says so; empty: there were none.
std::string dropBuiltin(std::vector<ParsedSeries>& series, bool (*isBuiltin)(std::string_view)) {
    const auto isOurs = [isBuiltin](const ParsedSeries& each) { return isBuiltin(each.name); };
    const auto first = std::ranges::find_if(series, isOurs);
    if (first == series.end()) {
        return {};
    }
    auto problem = first->name + " is a metric of Plimsoll's own and is left out";
    std::erase_if(series, isOurs);
    return problem;
}

void appendSeries(const std::vector<ParsedSeries>& series, MonotonicTime at,
                  std::vector<CustomMetric>& to) {
    for (const auto& each : series) {
        if (to.empty() || to.back().name != each.name) {
            to.push_back({.name = each.name, .series = {}});
        }
        to.back().series.push_back({.labels = each.labels, .value = each.value, .at = at});
    }
}

} // namespace

void TextfileDirectory::read(MonotonicTime now, std::chrono::system_clock::time_point realtime) {
    std::string problem;
    Entries entries = readAll({now, realtime}, problem);
    if (entries == entries_ && problem == problem_) {
        return;
    }
    entries_ = std::move(entries);
    problem_ = std::move(problem);
    if (std::erase_if(entries_, [](const auto& each) { return each.second.leftOut; }) > 0) {
        problem_.clear();
        entries_ = readAll({now, realtime}, problem_); // there may be room for them now
    }
    ++generation_;
}

TextfileDirectory::Entries TextfileDirectory::readAll(const Clocks& now, std::string& problem) {
    const Stream directory(::opendir(directory_.c_str()));
    if (!directory) {
        problem = errno == ENOENT ? "" : unreadable(errno);
        return {};
    }
    auto names = namesIn(directory.get(), problem);
    keepUsable(names, problem);
    Entries result;
    Room room;
    for (auto& name : names) {
        if (auto entry = readOne(::dirfd(directory.get()), name, now)) {
            const auto full = entry->series ? room.take(*entry->series) : std::nullopt;
            if (full) { // what cannot be used takes no memory
                *entry = {.version = entry->version, .problem = *full, .leftOut = true};
            }
            result.emplace(std::move(name), *std::move(entry));
        }
    }
    return result;
}

std::optional<TextfileDirectory::Entry>
TextfileDirectory::readOne(int directory, const std::string& name, const Clocks& now) {
    const auto version = versionOf(directory, name.c_str());
    if (!version) {
        return failed(version.error(), {});
    }
    if (const auto known = entries_.find(name);
        known != entries_.end() && known->second.version == *version) {
        return known->second;
    }
    auto file = readTextfile(directory, name.c_str(), kMostSeries);
    if (!file) {
        // What is wrong with the text stays so; what the kernel said may be otherwise next time.
        const bool stays = file.error().code == 0;
        return failed(file.error(), stays ? *version : TextfileVersion{});
    }
    auto problem = dropBuiltin(file->series, isBuiltin_);
    return Entry{.version = file->version,
                 .at = whenModified(file->version.modified, now.monotonic, now.realtime),
                 .problem = std::move(problem),
                 .series =
                     std::make_shared<const std::vector<ParsedSeries>>(std::move(file->series))};
}

std::optional<TextfileDirectory::Entry> TextfileDirectory::failed(const Error& error,
                                                                  const TextfileVersion& version) {
    if (error.gone()) { // removed while it was looked at
        return std::nullopt;
    }
    return Entry{.version = version, .problem = error.what};
}

std::string TextfileDirectory::pathOf(const std::string& name) const {
    return directory_ + "/" + name;
}

void TextfileDirectory::append(CustomSamples& to) const {
    if (!problem_.empty()) {
        to.problems.push_back({directory_, problem_});
    }
    for (const auto& [name, entry] : entries_) {
        if (!entry.problem.empty()) {
            to.problems.push_back({pathOf(name), entry.problem});
        }
        if (entry.series) {
            appendSeries(*entry.series, entry.at, to.metrics);
        }
    }
}

} // namespace plimsoll::collector
