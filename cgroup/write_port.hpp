// SPDX-License-Identifier: Apache-2.0
// The kernel calls that changing a cgroup needs, and nothing else. Virtual, so that a test can make
// each of them fail or be the last thing the process did.
#pragma once

#include "cgroup/descriptor.hpp"
#include "daemon/model/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

/// A cgroup directory that is kept open: what is done through it is done to this group and never
/// to one made later under the same path.
struct OpenGroup {
    Descriptor descriptor;
    std::string path; ///< absolute; for messages and for libraries that want a path
    std::uint64_t inode = 0;
    /// Only root (or who runs this) may write its attributes: a container that was given its own
    /// cgroup could otherwise make up a baseline for it.
    bool trusted = false;
};

class WritePort {
public:
    WritePort() = default;
    virtual ~WritePort() = default;
    WritePort(const WritePort&) = delete;
    WritePort& operator=(const WritePort&) = delete;

    virtual Result<OpenGroup> openGroup(const std::string& path);
    /// Files of an open group. ENODEV or ENOENT: see groupIsGone().
    virtual Result<std::string> read(const OpenGroup& group, const std::string& file);
    virtual Result<void> write(const OpenGroup& group, const std::string& file,
                               std::string_view bytes);
    /// The same, but a signal ends it (EINTR): for a write in which the kernel may stay long.
    virtual Result<void> writeUntilSignal(const OpenGroup& group, const std::string& file,
                                          std::string_view bytes);
    /// Whether the path no longer leads to this group (false also when that cannot be told).
    virtual bool groupIsGone(const OpenGroup& group);
    virtual Result<std::vector<std::string>> subgroups(const std::string& path);

    /// Extended attributes of an open group. None: it has no such attribute.
    virtual Result<std::optional<std::string>> attribute(const OpenGroup& group,
                                                         const std::string& name);
    virtual Result<void> setAttribute(const OpenGroup& group, const std::string& name,
                                      std::string_view value);
    virtual Result<void> removeAttribute(const OpenGroup& group, const std::string& name);

    /// Ordinary files: systemd's drop-ins and our own list of units. None: there is no such file.
    virtual Result<std::optional<std::string>> readFile(const std::string& path);
    /// Complete or not at all, also for a reader or a kill in between. Makes the directory.
    virtual Result<void> replaceFile(const std::string& path, std::string_view bytes);
    /// Success also where there is no such file.
    virtual Result<void> removeFile(const std::string& path);
    /// Success also where it is not empty or not there.
    virtual Result<void> removeEmptyDirectory(const std::string& path);
    virtual bool isDirectory(const std::string& path);
    virtual Result<std::vector<std::string>> filesIn(const std::string& directory);
};

} // namespace plimsoll::cgroup
