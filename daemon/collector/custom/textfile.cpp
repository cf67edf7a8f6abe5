// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/textfile.hpp"

#include "cgroup/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <unistd.h>
#include <utility>

namespace plimsoll::collector {
namespace {

constexpr std::size_t kMostBytes = 1'048'576; // 1 MiB

/// A file system may have times that do not fit: they count as the nearest that does.
std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kSecond - 1;
    return std::clamp<std::int64_t>(time.tv_sec, -kMost, kMost) * kSecond + time.tv_nsec;
}

Result<TextfileVersion> versionOf(const struct stat& file) {
    if (S_ISLNK(file.st_mode)) {
        return fail(0, "it is a symbolic link");
    }
    if (!S_ISREG(file.st_mode)) {
        return fail(0, "it is not a regular file");
    }
    if (file.st_uid != 0 && file.st_uid != ::geteuid()) {
        return fail(0, "it belongs neither to root nor to the user of plimsolld");
    }
    if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fail(0, "others than its owner may write it");
    }
    if (std::cmp_greater(file.st_size, kMostBytes)) {
        return fail(0, "it is larger than 1 MiB");
    }
    return TextfileVersion{.device = file.st_dev,
                           .inode = file.st_ino,
                           .size = file.st_size,
                           .modified = nanoseconds(file.st_mtim),
                           .changed = nanoseconds(file.st_ctim)};
}

std::unexpected<Error> failRead(int code) {
    return fail(code, std::string("it cannot be read: ") + std::strerror(code));
}

Result<std::string> readAll(int file) {
    std::string text(kMostBytes + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(file, text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return failRead(errno);
        }
        if (count == 0) {
            break;
        }
        size += static_cast<std::size_t>(count);
    }
    if (size > kMostBytes) { // it has grown since
        return fail(0, "it is larger than 1 MiB");
    }
    text.resize(size);
    return text;
}

} // namespace

Result<TextfileVersion> versionOf(int directory, const char* name) {
    struct stat file{};
    if (::fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0) {
        return failRead(errno);
    }
    return versionOf(file);
}

Result<Textfile> readTextfile(int directory, const char* name, std::size_t mostSeries) {
    // O_NONBLOCK: a FIFO put in its place must not hold the daemon up.
    const cgroup::Descriptor file(
        ::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status{};
    if (!file.isOpen() || ::fstat(file.get(), &status) != 0) {
        return errno == ELOOP ? fail(0, "it is a symbolic link") : failRead(errno);
    }
    const auto version = versionOf(status);
    if (!version) {
        return std::unexpected(version.error());
    }
    const auto text = readAll(file.get());
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!text->empty() && !text->ends_with('\n')) { // "1" may have been going to be "15"
        return fail(0, "its last line is not finished: write another file and rename it");
    }
    auto series = parsePrometheusText(*text, mostSeries);
    if (!series) {
        return std::unexpected(std::move(series.error()));
    }
    return Textfile{.version = *version, .series = *std::move(series)};
}

} // namespace plimsoll::collector
