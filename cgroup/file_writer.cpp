// SPDX-License-Identifier: Apache-2.0
#include "cgroup/file_writer.hpp"

#include "cgroup/baseline_store.hpp"

#include <cerrno>
#include <cstdlib>
#include <libcgroup.h>
#include <linux/magic.h>
#include <memory>
#include <sys/vfs.h>

namespace plimsoll::cgroup {
namespace {

/// libcgroup reads /proc/mounts into a global table, once.
bool libcgroupIsReady() {
    static const bool kReady = ::cgroup_init() == 0;
    return kReady;
}

/// On a hybrid host libcgroup finds "cpu" in the v1 hierarchy.
bool libcgroupSees(const char* controller, const std::string& mount) {
    struct statfs info{};
    if (::statfs(mount.c_str(), &info) != 0 || info.f_type != CGROUP2_SUPER_MAGIC ||
        !libcgroupIsReady()) {
        return false;
    }
    char* found = nullptr;
    if (::cgroup_get_subsys_mount_point(controller, &found) != 0) {
        return false;
    }
    const std::unique_ptr<char, decltype(&std::free)> owned(found, &std::free);
    return mount == found;
}

struct FreeGroup {
    void operator()(struct ::cgroup* group) const noexcept { ::cgroup_free(&group); }
};

const char* controllerOf(Lever lever) {
    return lever == Lever::memoryHigh ? "memory" : "cpu";
}

/// A fresh object with the one value in it. Reading the group first and changing that would write
/// back every other value as well, over what others changed meanwhile; and an object used a second
/// time reports success though the write failed.
bool writeWithLibcgroup(const CgroupPath& path, Lever lever, const std::string& value) {
    const std::unique_ptr<struct ::cgroup, FreeGroup> group(
        ::cgroup_new_cgroup(path.value.c_str() + 1)); // libcgroup's names have no leading slash
    if (!group) {
        return false;
    }
    struct cgroup_controller* controller =
        ::cgroup_add_controller(group.get(), controllerOf(lever));
    return controller != nullptr &&
           ::cgroup_add_value_string(controller, std::string(name(lever)).c_str(), value.c_str()) ==
               0 &&
           ::cgroup_modify_cgroup(group.get()) == 0;
}

} // namespace

FileWriter::FileWriter(WritePort& port, const std::string& mount)
    : port_(port), libcgroupHasCpu_(libcgroupSees("cpu", mount)),
      libcgroupHasMemory_(libcgroupSees("memory", mount)) {}

bool FileWriter::usesLibcgroup(Lever lever) const {
    return lever == Lever::memoryHigh ? libcgroupHasMemory_ : libcgroupHasCpu_;
}

Result<void> FileWriter::write(const OpenGroup& group, const CgroupPath& path, Lever lever,
                               std::string_view bytes) const {
    const std::string file(name(lever));
    // libcgroup goes by the path: the last look before it, so that no other group gets the value.
    const bool byLibrary = usesLibcgroup(lever) && path.value.starts_with('/') &&
                           !port_.groupIsGone(group) &&
                           writeWithLibcgroup(path, lever, std::string(trimmed(bytes)));
    if (!byLibrary) {
        // Also after a failure of libcgroup, whose errors do not say what the kernel said.
        if (auto written = port_.write(group, file, bytes); !written) {
            return written;
        }
    }
    const auto now = port_.read(group, file);
    if (!now) {
        return std::unexpected(now.error());
    }
    if (trimmed(*now) != trimmed(bytes)) {
        return fail(EIO, "writing " + group.path + "/" + file + ": wrote '" +
                             std::string(trimmed(bytes)) + "', it says '" +
                             std::string(trimmed(*now)) + "'");
    }
    return {};
}

} // namespace plimsoll::cgroup
