// SPDX-License-Identifier: Apache-2.0
// A directory of the cgroup tree that is kept open and notices when groups below it come and go.
#pragma once

#include "cgroup/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <expected>
#include <span>
#include <string_view>
#include <type_traits>

namespace plimsoll::cgroup {

/// One fstat() a tick instead of a listing: on cgroup2 the link count is 2 + the number of child
/// groups at every moment (kernfs keeps it; its mtime stays as it was), on ordinary file systems
/// mtime changes with every entry. A group removed and another made between two looks leaves the
/// count as it was; the removed one is then noticed by ENODEV from its files. inotify would do as
/// well in the same mount, but it misses what is done through a cgroup namespace's mount of the
/// same hierarchy (nested nodes), and it adds a queue that can overflow.
class Directory {
public:
    Directory() = default;
    /// Opens `name` relative to `parent` (or an absolute path). errno on failure.
    static std::expected<Directory, int> open(int parent, const char* name);

    [[nodiscard]] bool isOpen() const { return directory_.isOpen(); }
    [[nodiscard]] int descriptor() const { return directory_.get(); }
    [[nodiscard]] std::uint64_t inode() const { return inode_; }

    /// Whether subdirectories may have come or gone since the last list().
    [[nodiscard]] bool changed() const;

    /// Calls `visit(name, inode)` for each subdirectory. False: the directory itself is gone.
    /// `buffer` is scratch space. The inode is that of the listing, good for telling whether the
    /// name still means the same group.
    template <class Visit>
    bool list(std::span<std::byte> buffer, Visit&& visit) {
        using Function = std::remove_reference_t<Visit>;
        return listInto(
            buffer,
            [](void* function, std::string_view name, std::uint64_t inode) {
                (*static_cast<Function*>(function))(name, inode);
            },
            &visit);
    }

private:
    bool listInto(std::span<std::byte> buffer,
                  void (*visit)(void*, std::string_view, std::uint64_t), void* context);

    Descriptor directory_;
    std::uint64_t inode_ = 0;
    // What fstat() said just before the last listing.
    std::uint64_t links_ = 0;
    timespec modified_{};
};

} // namespace plimsoll::cgroup
