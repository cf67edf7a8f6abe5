// SPDX-License-Identifier: Apache-2.0
// Values that programs of the node record over D-Bus.
#pragma once

#include "daemon/collector/custom/sample_source.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace plimsoll::collector {

class RecordedSamples : public SampleSource {
public:
    /// Another value for a series that is there replaces it. The error (EINVAL; ENOSPC when there
    /// are too many) is a sentence for who called.
    Result<void> record(std::string_view name, double value, const Labels& labels,
                        std::chrono::nanoseconds validFor, MonotonicTime now);

    /// Forgets what has expired long ago; until then it shows as stale.
    void forget(MonotonicTime now);

    [[nodiscard]] std::uint64_t generation() const override { return generation_; }
    void append(CustomSamples& to) const override;

private:
    struct Key {
        std::string name;
        Labels labels;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Value {
        double value = 0;
        MonotonicTime at;
        MonotonicTime expires;
    };

    void dropExpiredBefore(MonotonicTime time);

    std::map<Key, Value> series_;
    MonotonicTime firstExpiry_ = MonotonicTime::max(); ///< no series expires sooner
    std::uint64_t generation_ = 0;
};

} // namespace plimsoll::collector
