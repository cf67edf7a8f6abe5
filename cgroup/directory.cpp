// SPDX-License-Identifier: Apache-2.0
#include "cgroup/directory.hpp"

#include <cerrno>
#include <cstddef>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

bool isSubdirectory(int directory, const dirent64& entry) {
    if (entry.d_name[0] == '.') {
        return false; // ".", "..": nobody hides a cgroup
    }
    if (entry.d_type != DT_UNKNOWN) {
        return entry.d_type == DT_DIR;
    }
    struct stat info{};
    return ::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

} // namespace

std::expected<Directory, int> Directory::open(int parent, const char* name) {
    Directory opened;
    opened.directory_ =
        Descriptor(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    struct stat info{};
    if (!opened.directory_.isOpen() || ::fstat(opened.descriptor(), &info) != 0) {
        return std::unexpected(errno);
    }
    opened.inode_ = info.st_ino;
    return opened;
}

bool Directory::changed() const {
    struct stat info{};
    if (::fstat(descriptor(), &info) != 0) {
        return true;
    }
    return info.st_nlink != links_ || info.st_mtim.tv_sec != modified_.tv_sec ||
           info.st_mtim.tv_nsec != modified_.tv_nsec;
}

bool Directory::listInto(std::span<std::byte> buffer,
                         void (*visit)(void*, std::string_view, std::uint64_t), void* context) {
    // Before the listing: what comes meanwhile makes changed() true again.
    struct stat info{};
    if (::fstat(descriptor(), &info) != 0 || ::lseek(descriptor(), 0, SEEK_SET) != 0) {
        return false;
    }
    links_ = info.st_nlink;
    modified_ = info.st_mtim;
    while (true) {
        const ssize_t length = ::getdents64(descriptor(), buffer.data(), buffer.size());
        if (length <= 0) {
            return length == 0; // ENOENT: removed, and only our descriptor is left
        }
        for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
            const auto* const entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
            if (isSubdirectory(descriptor(), *entry)) {
                visit(context, entry->d_name, entry->d_ino);
            }
            at += entry->d_reclen;
        }
    }
}

} // namespace plimsoll::cgroup
