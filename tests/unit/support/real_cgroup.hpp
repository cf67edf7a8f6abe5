// SPDX-License-Identifier: Apache-2.0
// A group of our own on a real cgroup2 mount, where the machine lets us make one.
#pragma once

#include <filesystem>
#include <fstream>
#include <linux/magic.h>
#include <string>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace plimsoll::test {

class RealCgroup {
public:
    RealCgroup() {
        for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
            struct statfs info{};
            if (::statfs(mount, &info) != 0 || info.f_type != CGROUP2_SUPER_MAGIC) {
                continue;
            }
            static unsigned number = 0;
            const std::string path = std::string(mount) + "/plimsoll-test-" +
                                     std::to_string(::getpid()) + "-" + std::to_string(number++);
            std::error_code error;
            if (std::filesystem::create_directory(path, error)) {
                root_ = path;
                return;
            }
        }
    }
    ~RealCgroup() {
        if (usable()) {
            removeTree(root_);
        }
    }
    RealCgroup(const RealCgroup&) = delete;
    RealCgroup& operator=(const RealCgroup&) = delete;

    [[nodiscard]] bool usable() const { return !root_.empty(); }
    [[nodiscard]] const std::string& root() const { return root_; }

    void make(const std::string& relative) const {
        std::filesystem::create_directories(root_ + "/" + relative);
    }
    /// Gives the groups below `relative` the cpu and memory controllers, as far as the machine has
    /// them to give (a hybrid has not). Parents come first.
    void enableControllers(const std::string& relative) const {
        for (const char* controller : {"+cpu", "+memory"}) { // each alone: one may be there
            std::ofstream(root_ + "/" + relative + "/cgroup.subtree_control") << controller;
        }
    }
    void remove(const std::string& relative) const { removeTree(root_ + "/" + relative); }

private:
    /// Groups are removed with rmdir; their files go with them.
    static void removeTree(const std::string& path) {
        std::vector<std::string> below;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
            if (entry.is_directory(error)) {
                below.push_back(entry.path());
            }
        }
        for (const std::string& child : below) {
            removeTree(child);
        }
        ::rmdir(path.c_str());
    }

    std::string root_;
};

} // namespace plimsoll::test

/// In a test body: skips, with the reason, where there is no such mount.
#define PLIMSOLL_NEED_REAL_CGROUP(variable)                                                        \
    const plimsoll::test::RealCgroup variable;                                                     \
    if (!(variable).usable()) {                                                                    \
        GTEST_SKIP() << "no cgroup2 mount in which groups can be made";                            \
    }
