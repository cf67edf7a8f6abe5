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

/// Puts series of files together as long as there is room.
class Room {
public:
    /// None: there was room for all of them, and they are in. Else nothing is.
    std::optional<std::string> add(const std::vector<ParsedSeries>& series, MonotonicTime at) {
        if (total_ + series.size() > kMostSeries) {
            return "with it there are more than 10000 series in the directory";
        }
        std::map<std::string_view, std::size_t> counts;
        for (const auto& each : series) {
            ++counts[each.name];
        }
        for (const auto& [name, count] : counts) {
            const auto before = metrics_.find(name);
            const auto there = before == metrics_.end() ? 0 : before->second.series.size();
            if (there + count > kMostSeriesOfAMetric) {
                return "with it there are more than 1000 series of " + std::string(name);
            }
        }
        for (const auto& each : series) {
            auto& metric = metrics_[each.name];
            metric.name = each.name;
            metric.series.push_back({.labels = each.labels, .value = each.value, .at = at});
        }
        total_ += series.size();
        return std::nullopt;
    }

    void moveTo(std::vector<CustomMetric>& out) && {
        for (auto& [name, metric] : metrics_) {
            out.push_back(std::move(metric));
        }
    }

private:
    std::map<std::string, CustomMetric, std::less<>> metrics_;
    std::size_t total_ = 0;
};

} // namespace

void TextfileDirectory::read(MonotonicTime now, std::chrono::system_clock::time_point realtime) {
    std::string problem;
    Entries entries = readAll({now, realtime}, problem);
    const bool same = entries == entries_ && problem == problem_;
    entries_ = std::move(entries);
    problem_ = std::move(problem);
    if (!same) {
        samples_ = samplesOf(entries_, problem_);
        ++generation_;
    }
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
    for (auto& name : names) {
        if (auto entry = readOne(::dirfd(directory.get()), name, now)) {
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
    return Entry{.version = file->version,
                 .at = whenModified(file->version.modified, now.monotonic, now.realtime),
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

CustomSamples TextfileDirectory::samplesOf(const Entries& entries,
                                           const std::string& problem) const {
    CustomSamples result;
    if (!problem.empty()) {
        result.problems.push_back({directory_, problem});
    }
    Room room;
    for (const auto& [name, entry] : entries) {
        if (!entry.problem.empty()) {
            result.problems.push_back({pathOf(name), entry.problem});
        } else if (const auto full = room.add(*entry.series, entry.at)) {
            result.problems.push_back({pathOf(name), *full});
        }
    }
    std::move(room).moveTo(result.metrics);
    return result;
}

std::string TextfileDirectory::pathOf(const std::string& name) const {
    return directory_ + "/" + name;
}

void TextfileDirectory::append(CustomSamples& to) const {
    to.metrics.insert(to.metrics.end(), samples_.metrics.begin(), samples_.metrics.end());
    to.problems.insert(to.problems.end(), samples_.problems.begin(), samples_.problems.end());
}

} // namespace plimsoll::collector
