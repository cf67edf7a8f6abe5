// SPDX-License-Identifier: Apache-2.0
// A kept-open file and its parser, joined to a reading.
#pragma once

#include "cgroup/kept_file.hpp"
#include "cgroup/parse.hpp"
#include "daemon/collector/rates.hpp"
#include "daemon/model/snapshot.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <utility>

namespace plimsoll::collector {

/// What every file of a tick shares.
struct Pass {
    MonotonicTime now;
    std::uint64_t tick = 0;
    std::span<char> buffer;
    std::size_t unreadable = 0; ///< files that are there and could not be read
    int error = 0;              ///< errno of one of them; EBADMSG: not the kernel's text
};

inline Unknown unknownFrom(cgroup::ReadFailure failure) {
    return failure == cgroup::ReadFailure::unreadable ? Unknown::unreadable : Unknown::missing;
}

/// `parse` takes the text and returns an optional.
template <class Parse>
auto readFile(cgroup::KeptFile& file, int directory, Pass& pass, Parse parse)
    -> std::expected<typename decltype(parse(std::string_view{}))::value_type,
                     cgroup::ReadFailure> {
    const auto text = file.read(directory, pass.buffer);
    if (!text) {
        if (text.error() == cgroup::ReadFailure::unreadable) {
            ++pass.unreadable;
            pass.error = file.error();
        }
        return std::unexpected(text.error());
    }
    if (auto parsed = parse(*text)) {
        return *parsed;
    }
    ++pass.unreadable;
    pass.error = EBADMSG;
    return std::unexpected(cgroup::ReadFailure::unreadable);
}

template <class T>
Reading<T> toReading(std::expected<T, cgroup::ReadFailure> result) {
    if (!result) {
        return std::unexpected(unknownFrom(result.error()));
    }
    return *std::move(result);
}

/// The three pressure files of a cgroup, or of /proc, and what came to their totals since last
/// time.
class PressureReader {
public:
    PressureReader(const char* cpu, const char* memory, const char* io)
        : cpu_(cpu), memory_(memory), io_(io) {}

    void read(int directory, Pass& pass, PressureSet& into, StalledSet& stalled) {
        into.cpu = toReading(readFile(cpu_, directory, pass, cgroup::parsePressure));
        into.memory = toReading(readFile(memory_, directory, pass, cgroup::parsePressure));
        into.io = toReading(readFile(io_, directory, pass, cgroup::parsePressure));
        stalled_.update(into, pass.now, stalled);
    }

private:
    cgroup::KeptFile cpu_;
    cgroup::KeptFile memory_;
    cgroup::KeptFile io_;
    StalledRates stalled_;
};

} // namespace plimsoll::collector
