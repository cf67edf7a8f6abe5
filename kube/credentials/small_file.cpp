// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/small_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::kube {
namespace {

class OpenFile {
public:
    /// Does not wait for the other end of a FIFO.
    explicit OpenFile(const std::string& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
    ~OpenFile() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

std::unexpected<Error> lastError() {
    const int code = errno;
    return fail(code, std::strerror(code));
}

} // namespace

Result<std::string> readSmallFile(const std::string& path, std::size_t largest) {
    const OpenFile file(path);
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        return lastError();
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(0, "is no regular file");
    }
    std::string text;
    std::array<char, 16'384> piece{};
    while (true) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return lastError();
        }
        if (got == 0) {
            return text;
        }
        if (text.size() + static_cast<std::size_t>(got) > largest) {
            return fail(EFBIG, "is larger than " + std::to_string(largest) + " bytes");
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
}

} // namespace plimsoll::kube
