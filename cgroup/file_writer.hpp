// SPDX-License-Identifier: Apache-2.0
// Writes a cgroup file directly, where systemd does not own it.
#pragma once

#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"

#include <string>
#include <string_view>

namespace plimsoll::cgroup {

class FileWriter {
public:
    /// `mount` is where the tree is. With libcgroup where that is the hierarchy libcgroup found on
    /// this host; on any other tree (another mount, a hybrid host, a test's directory) libcgroup
    /// would write to the wrong place or nowhere, and the file is written through the kept-open
    /// directory.
    FileWriter(WritePort& port, const std::string& mount);

    /// Writes the lever's file and reads it back. An error has the kernel's own number, also where
    /// libcgroup folded it into one of its few.
    Result<void> write(const OpenGroup& group, const CgroupPath& path, Lever lever,
                       std::string_view bytes) const;

    [[nodiscard]] bool usesLibcgroup(Lever lever) const;

private:
    WritePort& port_;
    bool libcgroupHasCpu_;
    bool libcgroupHasMemory_;
};

} // namespace plimsoll::cgroup
