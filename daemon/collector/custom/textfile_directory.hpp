// SPDX-License-Identifier: Apache-2.0
// Metrics that programs of the node leave as *.prom files in a directory.
#pragma once

#include "daemon/collector/custom/sample_source.hpp"
#include "daemon/collector/custom/textfile.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::collector {

/// A sample is as old as its file, so that one that nobody writes any more goes stale. A file that
/// cannot be used keeps nothing of what it said before.
class TextfileDirectory : public SampleSource {
public:
    /// Metrics for whose names `isBuiltin` says yes are left out.
    TextfileDirectory(std::string directory, bool (*isBuiltin)(std::string_view name))
        : directory_(std::move(directory)), isBuiltin_(isBuiltin) {}

    /// Reads what has changed: after a change of the directory, and now and then (a change of a
    /// mount or of rights shows in no other way). A directory that is not there holds no files.
    void read(MonotonicTime now, std::chrono::system_clock::time_point realtime);

    [[nodiscard]] std::uint64_t generation() const override { return generation_; }
    void append(CustomSamples& to) const override;

private:
    /// What became of one file. Compared to see whether anything is new.
    struct Entry {
        TextfileVersion version; ///< all zero: to be read again in any case
        MonotonicTime at;
        std::string problem;                                     ///< empty: all of it is good
        std::shared_ptr<const std::vector<ParsedSeries>> series; ///< null: none of it is
        bool leftOut = false; ///< that there was no room for it is the problem
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    struct Clocks {
        MonotonicTime monotonic;
        std::chrono::system_clock::time_point realtime;
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    Entries readAll(const Clocks& now, std::string& problem);
    /// None: it is not there any more.
    std::optional<Entry> readOne(int directory, const std::string& name, const Clocks& now);
    static std::optional<Entry> failed(const Error& error, const TextfileVersion& version);
    [[nodiscard]] std::string pathOf(const std::string& name) const;

    std::string directory_;
    bool (*isBuiltin_)(std::string_view name);
    Entries entries_;
    std::string problem_; ///< of the directory itself
    std::uint64_t generation_ = 0;
};

} // namespace plimsoll::collector
