// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plimsoll::kube {
namespace {

/// Milliseconds that a killed process may take to be gone: one that hangs in a dead file system
/// must not hang us.
constexpr int kLongestDeath = 1'000;

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) == 0) {
            ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
        }
    }
    ~Pipe() {
        for (const int end : ends_) {
            if (end >= 0) {
                ::close(end);
            }
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    [[nodiscard]] bool isOpen() const { return ends_[0] >= 0; }
    [[nodiscard]] int writing() const { return ends_[1]; }
    int takeReading() { return std::exchange(ends_[0], -1); }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// How the child differs from us: descriptors, signals, group.
class Preparation {
public:
    Preparation() {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
    }
    ~Preparation() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;

    void connect(int output, int error) {
        ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&files_, error, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    }
    /// The daemon blocks the signals that it takes from the loop.
    void resetSignals() {
        sigset_t none{};
        sigset_t all{};
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                     POSIX_SPAWN_SETPGROUP);
    }
    [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

std::vector<std::string> environmentOf(const Program& program) {
    std::map<std::string, std::string> values;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const auto sign = text.find('=');
        if (sign != std::string::npos) {
            values[text.substr(0, sign)] = text.substr(sign + 1);
        }
    }
    for (const auto& [name, value] : program.environment) {
        values[name] = value;
    }
    std::vector<std::string> result;
    result.reserve(values.size());
    for (const auto& [name, value] : values) {
        result.push_back(std::string(name).append("=").append(value));
    }
    return result;
}

std::vector<char*> pointersTo(std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    for (auto& word : words) {
        result.push_back(word.data());
    }
    result.push_back(nullptr);
    return result;
}

std::unexpected<Error> cannotRun(int code) {
    return fail(code, std::string("cannot be run: ") + std::strerror(code));
}

} // namespace

Result<ChildProcess> ChildProcess::start(const Program& program) {
    Pipe output;
    Pipe error;
    if (!output.isOpen() || !error.isOpen()) {
        return cannotRun(errno);
    }
    Preparation preparation;
    preparation.connect(output.writing(), error.writing());
    preparation.resetSignals();
    auto words = program.arguments;
    words.insert(words.begin(), program.file);
    auto variables = environmentOf(program);
    pid_t pid = -1;
    const int failed =
        ::posix_spawnp(&pid, program.file.c_str(), preparation.files(), preparation.attributes(),
                       pointersTo(words).data(), pointersTo(variables).data());
    if (failed != 0) {
        return cannotRun(failed);
    }
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    ChildProcess child(pid, pidfd, output.takeReading(), error.takeReading());
    if (pidfd < 0) {
        return cannotRun(errno);
    }
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::exchange(other.pidfd_, -1)),
      output_(std::exchange(other.output_, -1)), error_(std::exchange(other.error_, -1)) {}

ChildProcess::~ChildProcess() {
    finish();
    for (const int descriptor : {pidfd_, output_, error_}) {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
}

std::string ChildProcess::finish() noexcept {
    if (pid_ < 0) {
        return {};
    }
    // Before it is reaped: until then nobody else can have the number.
    ::kill(-pid_, SIGKILL);
    pollfd end{.fd = pidfd_, .events = POLLIN, .revents = 0};
    ::poll(&end, 1, kLongestDeath);
    siginfo_t how{};
    ::waitid(P_PID, static_cast<id_t>(std::exchange(pid_, -1)), &how, WEXITED | WNOHANG);
    if (how.si_code == CLD_EXITED) {
        return how.si_status == 0 ? "" : "ended with status " + std::to_string(how.si_status);
    }
    return "was killed by signal " + std::to_string(how.si_status);
}

} // namespace plimsoll::kube
