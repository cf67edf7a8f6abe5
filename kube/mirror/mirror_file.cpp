// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/mirror_file.hpp"

#include "kube/mirror/mirror_text.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::kube {
namespace {

class File {
public:
    File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() { close(); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] int get() const { return fd_; }
    bool close() {
        const int fd = std::exchange(fd_, -1);
        return fd < 0 || ::close(fd) == 0;
    }

private:
    int fd_;
};

Error lastError(const std::string& doing) {
    return Error{errno, std::strerror(errno)}.with(doing);
}

bool writeAll(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

Result<std::string> readAll(const std::string& path) {
    const File file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        return std::unexpected(lastError("reading " + path));
    }
    if (!S_ISREG(status.st_mode) || status.st_size > static_cast<off_t>(kLargestMirror)) {
        return fail(EFBIG, path + " is no file, or larger than 48 MiB");
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (got < 0 && errno != EINTR) {
            return std::unexpected(lastError("reading " + path));
        }
        if (got == 0) {
            break;
        }
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    text.resize(filled);
    return text;
}

} // namespace

Result<void> saveMirror(const std::string& path, const ObjectStore& store,
                        const MirrorHeader& header) {
    const std::string text = writeMirror(store, header);
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str()); // of a run that was killed
    File file(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (file.get() < 0) {
        return std::unexpected(lastError("writing " + fresh));
    }
    if (!writeAll(file.get(), text) || ::fdatasync(file.get()) != 0 || !file.close() ||
        ::rename(fresh.c_str(), path.c_str()) != 0) {
        const Error error = lastError("writing " + path);
        ::unlink(fresh.c_str());
        return std::unexpected(error);
    }
    return {};
}

Result<SavedMirror> loadMirror(const std::string& path, std::string_view nodeName) {
    const auto text = readAll(path);
    if (!text) {
        return std::unexpected(text.error());
    }
    auto mirror = readMirror(*text, nodeName);
    if (!mirror) {
        return fail(mirror.error().code, path + " " + mirror.error().what +
                                             "; it is written anew as soon as the API server "
                                             "answers");
    }
    return mirror;
}

} // namespace plimsoll::kube
