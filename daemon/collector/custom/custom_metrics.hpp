// SPDX-License-Identifier: Apache-2.0
// All custom metrics of the node, from wherever they come: textfiles, D-Bus, probes.
#pragma once

#include "daemon/collector/custom/recorded_samples.hpp"
#include "daemon/collector/custom/sample_source.hpp"
#include "daemon/collector/custom/textfile_directory.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/series.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::collector {

class CustomMetrics {
public:
    /// Names for which it says yes are Plimsoll's own: nobody else delivers them.
    using IsBuiltin = bool (*)(std::string_view name);

    CustomMetrics(std::string textfileDirectory, IsBuiltin isBuiltin);
    CustomMetrics(const CustomMetrics&) = delete;
    CustomMetrics& operator=(const CustomMetrics&) = delete;

    /// The source must outlive this.
    void addSource(const SampleSource& source);

    /// See TextfileDirectory::read().
    void readTextfiles(MonotonicTime now, std::chrono::system_clock::time_point realtime);

    /// See RecordedSamples::record().
    Result<void> record(std::string_view name, double value, const Labels& labels,
                        std::chrono::nanoseconds validFor, MonotonicTime now);

    /// The same object as long as no source has anything new; nothing is allocated then.
    std::shared_ptr<const CustomSamples> samples(MonotonicTime now);

private:
    struct Source {
        const SampleSource* source;
        std::uint64_t generation; ///< that samples_ was made of
    };

    bool takeGenerations();
    [[nodiscard]] std::shared_ptr<const CustomSamples> gather() const;

    IsBuiltin isBuiltin_;
    TextfileDirectory textfiles_;
    RecordedSamples recorded_;
    std::vector<Source> sources_;
    std::shared_ptr<const CustomSamples> samples_ = noCustomSamples();
};

} // namespace plimsoll::collector
