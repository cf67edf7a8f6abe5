// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/plugin_run.hpp"

#include "kube/http/event_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <spawn.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLargestOutput = std::size_t{1024} * 1024; // bytes
constexpr std::size_t kLargestLine = 300;                        ///< of what it complains
constexpr std::uint64_t kTimerAccuracy = 10'000;                 // µs

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() { close(); }
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        close();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    [[nodiscard]] int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> makePipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(errno, std::string("making a pipe: ") + std::strerror(errno));
    }
    Pipe pipe{Fd(ends[0]), Fd(ends[1])};
    ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK); // the plugin's end stays as it expects
    return pipe;
}

/// Our environment, with what the plugin gets on top.
std::vector<std::string> environmentFor(const ExecPlugin& plugin, const std::string& info) {
    std::map<std::string, std::string> variables;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view entry = *each;
        const auto equals = entry.find('=');
        if (equals != std::string_view::npos) {
            variables[std::string(entry.substr(0, equals))] = entry.substr(equals + 1);
        }
    }
    // It is not the service that the service manager waits for.
    variables.erase("NOTIFY_SOCKET");
    variables.erase("WATCHDOG_USEC");
    variables.erase("WATCHDOG_PID");
    for (const auto& [name, value] : plugin.environment) {
        variables[name] = value;
    }
    variables["KUBERNETES_EXEC_INFO"] = info;
    std::vector<std::string> result;
    for (const auto& [name, value] : variables) {
        result.push_back(name + "=" + value);
    }
    return result;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

/// The settings of one posix_spawn.
class Spawn {
public:
    Spawn(int output, int errors) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        // A process group of its own, so that what it starts ends with it; our signals are blocked.
        sigset_t none{};
        sigset_t all{};
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
    }
    ~Spawn() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;

    Result<pid_t> run(const ExecPlugin& plugin, const std::string& info) {
        std::vector<std::string> arguments{plugin.command};
        arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
        auto environment = environmentFor(plugin, info);
        pid_t pid = 0;
        const int status =
            posix_spawnp(&pid, plugin.command.c_str(), &actions_, &attributes_,
                         pointersTo(arguments).data(), pointersTo(environment).data());
        if (status != 0) {
            return fail(status, "the plugin " + plugin.command +
                                    " cannot be started: " + std::strerror(status));
        }
        return pid;
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// For a message: the last line, one line, not too long.
std::string lastLine(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    std::string line(text.substr(text.rfind('\n') + 1).substr(0, kLargestLine));
    std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return line;
}

std::string howItEnded(const siginfo_t& end) {
    return end.si_code == CLD_EXITED ? "failed with status " + std::to_string(end.si_status)
                                     : "was ended by signal " + std::to_string(end.si_status);
}

} // namespace

struct PluginRun::Impl {
    std::string command;
    std::chrono::milliseconds timeout{};
    Done done;
    pid_t pid = 0;
    bool running = true;
    Fd process;
    Fd output;
    Fd errors;
    std::string text;
    std::string complaints; ///< the end of them
    http::EventSource onExit;
    http::EventSource onOutput;
    http::EventSource onErrors;
    http::EventSource onTimeout;

    void kill() noexcept {
        if (running) {
            running = false;
            ::kill(-pid, SIGKILL);
            siginfo_t end{};
            ::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED);
        }
    }

    void drain(Fd& from, std::string& into, http::EventSource& source) {
        std::array<char, 4096> piece{};
        for (;;) {
            const auto got = ::read(from.get(), piece.data(), piece.size());
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                if (got == 0) {
                    source.reset(); // a closed pipe is always readable
                }
                return;
            }
            into.append(piece.data(), static_cast<std::size_t>(got));
            if (into.size() > kLargestOutput) {
                return;
            }
        }
    }

    void readOutput() {
        drain(output, text, onOutput);
        if (text.size() > kLargestOutput) {
            end(tooMuch());
        }
    }

    [[nodiscard]] std::unexpected<Error> tooMuch() const {
        return fail(EFBIG, "the plugin " + command + " printed more than 1 MiB");
    }

    void readErrors() {
        drain(errors, complaints, onErrors);
        if (complaints.size() > 2 * kLargestLine) {
            complaints.erase(0, complaints.size() - 2 * kLargestLine);
        }
    }

    void exited() {
        siginfo_t how{};
        if (::waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED) != 0) {
            return;
        }
        running = false;
        readErrors();
        drain(output, text, onOutput);
        if (text.size() > kLargestOutput) {
            end(tooMuch());
        } else if (how.si_code == CLD_EXITED && how.si_status == 0) {
            end(std::move(text));
        } else {
            const auto why = lastLine(complaints);
            end(fail(ECHILD, "the plugin " + command + " " + howItEnded(how) +
                                 (why.empty() ? "" : ": " + why)));
        }
    }

    void timedOut() {
        const auto why = lastLine(complaints);
        end(fail(ETIMEDOUT, "the plugin " + command + " was not done after " +
                                std::to_string(timeout.count() / 1000) + " s" +
                                (why.empty() ? "" : ": " + why)));
    }

    /// `this` may be gone afterwards.
    void end(Result<std::string> result) {
        const auto tell = std::exchange(done, nullptr);
        onExit.reset();
        onOutput.reset();
        onErrors.reset();
        onTimeout.reset();
        kill();
        if (tell) {
            tell(std::move(result));
        }
    }

    template <void (Impl::*Act)()>
    static void guarded(void* self) noexcept {
        try {
            (static_cast<Impl*>(self)->*Act)();
        } catch (...) { // no memory: the time-out ends it
            return;
        }
    }
    template <void (Impl::*Act)()>
    static int onDescriptor(sd_event_source*, int, std::uint32_t, void* self) noexcept {
        guarded<Act>(self);
        return 0;
    }
    static int onTime(sd_event_source*, std::uint64_t, void* self) noexcept {
        guarded<&Impl::timedOut>(self);
        return 0;
    }

    Result<void> watch(sd_event* event) {
        sd_event_source* source = nullptr;
        const auto add = [&](const Fd& fd, sd_event_io_handler_t handler, http::EventSource& into) {
            const int status = sd_event_add_io(event, &source, fd.get(), EPOLLIN, handler, this);
            into.reset(status < 0 ? nullptr : source);
            return status >= 0;
        };
        const bool isWatched = add(process, &onDescriptor<&Impl::exited>, onExit) &&
                               add(output, &onDescriptor<&Impl::readOutput>, onOutput) &&
                               add(errors, &onDescriptor<&Impl::readErrors>, onErrors);
        const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
        const int status = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC,
                                                      static_cast<std::uint64_t>(micros),
                                                      kTimerAccuracy, &Impl::onTime, this);
        onTimeout.reset(status < 0 ? nullptr : source);
        return isWatched && status >= 0 ? Result<void>{} : fail(ENOMEM, "watching a plugin");
    }
};

Result<std::unique_ptr<PluginRun>> PluginRun::start(sd_event* event, const ExecPlugin& plugin,
                                                    const std::string& info,
                                                    std::chrono::milliseconds timeout, Done done) {
    auto output = makePipe();
    auto errors = makePipe();
    if (!output || !errors) {
        return std::unexpected(output ? errors.error() : output.error());
    }
    const auto pid = Spawn(output->write.get(), errors->write.get()).run(plugin, info);
    if (!pid) {
        return std::unexpected(pid.error());
    }
    auto impl = std::make_unique<Impl>();
    impl->command = plugin.command;
    impl->timeout = timeout;
    impl->done = std::move(done);
    impl->pid = *pid;
    impl->process = Fd(::pidfd_open(*pid, 0));
    impl->output = std::move(output->read);
    impl->errors = std::move(errors->read);
    std::unique_ptr<PluginRun> run(new PluginRun(std::move(impl)));
    if (auto watched = run->impl_->watch(event); !watched) {
        return std::unexpected(watched.error());
    }
    return run;
}

PluginRun::PluginRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PluginRun::~PluginRun() {
    impl_->kill();
}

} // namespace plimsoll::kube
