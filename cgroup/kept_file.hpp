// SPDX-License-Identifier: Apache-2.0
// A kernel file that is opened once and read every tick.
#pragma once

#include "cgroup/descriptor.hpp"

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

namespace plimsoll::cgroup {

enum class ReadFailure : std::uint8_t {
    gone,       ///< ENODEV from a file that was open: the cgroup, or this file of it, was removed
    missing,    ///< not there: no such controller, or pressure is switched off
    unreadable, ///< permission, too many open files, an I/O error; `error()` has the number
};

/// Costs one pread() a tick: 0.7 to 2 µs on cgroup2, against 5 to 7 µs with open and close.
/// A file that is not there is looked for again after 1, 2, 4 … 32 calls and not at every one:
/// right after its directory was made a controller may be on its way (systemd enables it after the
/// mkdir); later it hardly ever comes.
class KeptFile {
public:
    /// `name` is relative to the directory given to read(), and outlives this object.
    explicit KeptFile(const char* name) : name_(name) {}

    /// The file's text at the front of `buffer`, cut off where the buffer ends. Allocates nothing.
    std::expected<std::string_view, ReadFailure> read(int directory, std::span<char> buffer);

    /// The same for a file of /proc with a row for each device: of those the kernel hands out a
    /// page at a time, however big the buffer is. As many pread() as it has pages, and one for its
    /// end.
    std::expected<std::string_view, ReadFailure> readWhole(int directory, std::span<char> buffer);

    /// errno of the last failure.
    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] int descriptor() const { return file_.get(); }

private:
    std::unexpected<ReadFailure> failed(int error, bool wasOpen);

    const char* name_;
    Descriptor file_;
    int error_ = 0;
    std::uint8_t wait_ = 0;    ///< calls until the next attempt to open
    std::uint8_t backOff_ = 0; ///< length of the last wait
    ReadFailure failure_ = ReadFailure::missing;
};

} // namespace plimsoll::cgroup
