// SPDX-License-Identifier: Apache-2.0
#include "kube/policy_directory.hpp"

#include "daemon/model/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace plimsoll::kube {
namespace {

namespace fs = std::filesystem;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

Error lastError() {
    return {errno, std::strerror(errno)};
}

/// None for what is no regular file: directories, and FIFOs that would make the daemon wait.
Result<std::optional<std::string>> readRegularFile(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        return std::unexpected(lastError());
    }
    if (!S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    std::string text(kMaxFileBytes + 1,
                     '\0'); // one more, so that decodeObjects sees it is too large
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (got < 0 && errno != EINTR) {
            return std::unexpected(lastError());
        }
        if (got == 0) {
            break;
        }
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    text.resize(filled);
    return text;
}

/// Hidden files and what editors leave while somebody edits: ".x.yaml.swp", "#x.yaml#", "x.yaml~".
bool isPolicyFile(const std::string& name) {
    return (name.ends_with(".yaml") || name.ends_with(".yml")) && name[0] != '.' &&
           name[0] != '#' && name[0] != '~' && !name.starts_with("flycheck_");
}

Result<std::vector<std::string>> policyFiles(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (isPolicyFile(name)) {
            names.push_back(std::move(name));
        }
    }
    if (error) {
        return fail(error.value(), error.message());
    }
    std::ranges::sort(names);
    return names;
}

void loadFile(const std::string& path, PolicySet& into) {
    const auto read = readRegularFile(path);
    if (!read) {
        into.refusals.push_back({.file = path, .reason = "cannot be read: " + read.error().what});
        return;
    }
    if (const std::optional<std::string>& text = *read; text) {
        decodeObjects(*text, path, into);
    }
}

} // namespace

PolicySet loadPolicyDirectory(const std::string& directory) {
    PolicySet result;
    const auto names = policyFiles(directory);
    if (!names) {
        const bool missing = names.error().code == ENOENT;
        result.refusals.push_back(
            {.severity = missing ? Refusal::Severity::warning : Refusal::Severity::error,
             .file = directory,
             .reason = missing ? "there is no such directory, so there are no local policies"
                               : "cannot be read: " + names.error().what});
        return result;
    }
    for (const auto& name : *names) {
        loadFile((fs::path(directory) / name).string(), result);
    }
    return result;
}

} // namespace plimsoll::kube
