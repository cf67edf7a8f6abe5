// SPDX-License-Identifier: Apache-2.0
#include "cgroup/write_port.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

/// No file or record that is read here is larger: the longest are lists of controllers and devices.
constexpr std::size_t kLongest = 64UL * 1024;

std::unexpected<Error> failed(const std::string& doing, int code) {
    return fail(code, doing + ": " + std::strerror(code));
}

Result<std::string> readAll(int descriptor, const std::string& path) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t length = ::read(descriptor, buffer.data(), buffer.size());
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return failed("reading " + path, errno);
        }
        if (length == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(length));
        if (text.size() > kLongest) {
            return failed("reading " + path, EFBIG);
        }
    }
}

enum class OnSignal : std::uint8_t { again, end };

/// In one write(): the kernel takes a cgroup value whole or refuses it whole.
Result<void> writeOnce(int descriptor, std::string_view bytes, const std::string& path,
                       OnSignal onSignal = OnSignal::again) {
    while (true) {
        const ssize_t length = ::write(descriptor, bytes.data(), bytes.size());
        if (length == static_cast<ssize_t>(bytes.size())) {
            return {};
        }
        if (length >= 0) {
            return failed("writing " + path, EIO);
        }
        if (errno != EINTR || onSignal == OnSignal::end) {
            return failed("writing " + path, errno);
        }
    }
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::vector<std::string>> namesIn(const std::string& path, unsigned char type) {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    if (!directory) {
        return failed("opening " + path, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
        if (entry->d_name[0] != '.' && entry->d_type == type) {
            names.emplace_back(entry->d_name);
        }
        errno = 0;
    }
    if (errno != 0) {
        return failed("listing " + path, errno);
    }
    return names;
}

} // namespace

Result<OpenGroup> WritePort::openGroup(const std::string& path) {
    OpenGroup group;
    group.path = path;
    group.descriptor =
        Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    struct stat info{};
    if (!group.descriptor.isOpen() || ::fstat(group.descriptor.get(), &info) != 0) {
        return failed("opening " + path, errno);
    }
    group.inode = info.st_ino;
    group.trusted = (info.st_uid == 0 || info.st_uid == ::geteuid()) &&
                    (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    return group;
}

Result<std::string> WritePort::read(const OpenGroup& group, const std::string& file) {
    const std::string path = group.path + "/" + file;
    const Descriptor descriptor(
        ::openat(group.descriptor.get(), file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!descriptor.isOpen()) {
        return failed("opening " + path, errno);
    }
    return readAll(descriptor.get(), path);
}

namespace {

Result<void> writeInto(const OpenGroup& group, const std::string& file, std::string_view bytes,
                       OnSignal onSignal) {
    const std::string path = group.path + "/" + file;
    // The kernel ignores O_TRUNC here; on a tree of plain files it keeps old tails away.
    const Descriptor descriptor(::openat(group.descriptor.get(), file.c_str(),
                                         O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW));
    if (!descriptor.isOpen()) {
        return failed("opening " + path, errno);
    }
    return writeOnce(descriptor.get(), bytes, path, onSignal);
}

} // namespace

Result<void> WritePort::write(const OpenGroup& group, const std::string& file,
                              std::string_view bytes) {
    return writeInto(group, file, bytes, OnSignal::again);
}

Result<void> WritePort::writeUntilSignal(const OpenGroup& group, const std::string& file,
                                         std::string_view bytes) {
    return writeInto(group, file, bytes, OnSignal::end);
}

bool WritePort::groupIsGone(const OpenGroup& group) {
    struct stat info{};
    if (::lstat(group.path.c_str(), &info) != 0) {
        return errno == ENOENT || errno == ENODEV || errno == ENOTDIR;
    }
    return info.st_ino != group.inode;
}

Result<std::vector<std::string>> WritePort::subgroups(const std::string& path) {
    return namesIn(path, DT_DIR);
}

Result<std::optional<std::string>> WritePort::attribute(const OpenGroup& group,
                                                        const std::string& name) {
    std::string value(kLongest, '\0');
    const ssize_t length =
        ::fgetxattr(group.descriptor.get(), name.c_str(), value.data(), value.size());
    if (length < 0) {
        // Kernels before 5.7 have no user attributes on cgroup2: then there is none either.
        if (errno == ENODATA || errno == EOPNOTSUPP) {
            return std::optional<std::string>{};
        }
        return failed("reading " + name + " of " + group.path, errno);
    }
    value.resize(static_cast<std::size_t>(length));
    return std::optional(std::move(value));
}

Result<void> WritePort::setAttribute(const OpenGroup& group, const std::string& name,
                                     std::string_view value) {
    if (::fsetxattr(group.descriptor.get(), name.c_str(), value.data(), value.size(), 0) != 0) {
        return failed("setting " + name + " of " + group.path, errno);
    }
    return {};
}

Result<void> WritePort::removeAttribute(const OpenGroup& group, const std::string& name) {
    if (::fremovexattr(group.descriptor.get(), name.c_str()) != 0 && errno != ENODATA) {
        return failed("removing " + name + " of " + group.path, errno);
    }
    return {};
}

Result<std::optional<std::string>> WritePort::readFile(const std::string& path) {
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!descriptor.isOpen()) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return std::optional<std::string>{};
        }
        return failed("opening " + path, errno);
    }
    auto text = readAll(descriptor.get(), path);
    if (!text) {
        return std::unexpected(std::move(text).error());
    }
    return std::optional(std::move(*text));
}

Result<void> WritePort::replaceFile(const std::string& path, std::string_view bytes) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    const std::string fresh = path + ".new";
    constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH; // as systemd's own drop-ins
    const Descriptor descriptor(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode));
    if (!descriptor.isOpen() || ::fchmod(descriptor.get(), kMode) != 0) {
        return failed("opening " + fresh, errno);
    }
    if (auto written = writeOnce(descriptor.get(), bytes, fresh); !written) {
        ::unlink(fresh.c_str());
        return written;
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        const int code = errno;
        ::unlink(fresh.c_str());
        return failed("renaming " + fresh, code);
    }
    return {};
}

Result<void> WritePort::removeFile(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
        return failed("removing " + path, errno);
    }
    return {};
}

Result<void> WritePort::removeEmptyDirectory(const std::string& path) {
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) {
        return failed("removing " + path, errno);
    }
    return {};
}

bool WritePort::isDirectory(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::vector<std::string>> WritePort::filesIn(const std::string& directory) {
    auto names = namesIn(directory, DT_REG);
    if (!names && names.error().code == ENOENT) {
        return std::vector<std::string>{};
    }
    return names;
}

} // namespace plimsoll::cgroup
