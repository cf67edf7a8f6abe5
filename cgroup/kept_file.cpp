// SPDX-License-Identifier: Apache-2.0
#include "cgroup/kept_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

constexpr std::uint8_t kLongestWait = 32;

ReadFailure failureOf(int error, bool wasOpen) {
    switch (error) {
    case ENODEV: return wasOpen ? ReadFailure::gone : ReadFailure::missing;
    case ENOENT:
    case EOPNOTSUPP: // a pressure file under psi=0 before kernel 5.16
        return ReadFailure::missing;
    default: return ReadFailure::unreadable;
    }
}

ssize_t readAt(int file, std::span<char> buffer, std::size_t offset) {
    ssize_t length = 0;
    do {
        length = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    } while (length < 0 && errno == EINTR);
    return length;
}

} // namespace

std::unexpected<ReadFailure> KeptFile::failed(int error, bool wasOpen) {
    error_ = error;
    failure_ = failureOf(error, wasOpen);
    if (failure_ == ReadFailure::gone) {
        // If the cgroup lives on, a controller was switched off and may come back: look at once.
        file_.reset();
        wait_ = backOff_ = 0;
    } else if (!wasOpen) {
        backOff_ = std::min<std::uint8_t>(
            kLongestWait, static_cast<std::uint8_t>(std::max<unsigned>(1U, 2U * backOff_)));
        wait_ = backOff_;
    }
    return std::unexpected(failure_);
}

std::expected<std::string_view, ReadFailure> KeptFile::read(int directory, std::span<char> buffer) {
    if (!file_.isOpen()) {
        if (wait_ > 0) {
            --wait_;
            // What was gone when it was last read is missing now.
            return std::unexpected(failure_);
        }
        file_ = Descriptor(::openat(directory, name_, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (!file_.isOpen()) {
            return failed(errno, false);
        }
        backOff_ = 0;
    }
    const ssize_t length = readAt(file_.get(), buffer, 0);
    if (length < 0) {
        return failed(errno, true);
    }
    return std::string_view(buffer.data(), static_cast<std::size_t>(length));
}

std::expected<std::string_view, ReadFailure> KeptFile::readWhole(int directory,
                                                                 std::span<char> buffer) {
    const auto page = read(directory, buffer);
    if (!page) {
        return page;
    }
    std::size_t length = page->size();
    while (length < buffer.size()) {
        const ssize_t more = readAt(file_.get(), buffer.subspan(length), length);
        if (more < 0) {
            return failed(errno, true);
        }
        if (more == 0) {
            break;
        }
        length += static_cast<std::size_t>(more);
    }
    return std::string_view(buffer.data(), length);
}

} // namespace plimsoll::cgroup
