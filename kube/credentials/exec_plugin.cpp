// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/exec_plugin.hpp"

#include "kube/http/event_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

namespace plimsoll::kube {
namespace {

constexpr std::size_t kLargestAnswer = std::size_t{1024} * 1024;
/// Bytes of standard error that are kept, and that are told.
constexpr std::size_t kKeptOfErrors = 4096;
constexpr std::size_t kToldOfErrors = 400;
/// Pieces that are read after the end; a pipe holds one of this size.
constexpr std::size_t kPiece = std::size_t{64} * 1024;
constexpr int kLastPieces = static_cast<int>(kLargestAnswer / kPiece) + 1;
constexpr std::uint64_t kTimerAccuracy = 50'000; // µs

using http::EventSource;

/// The last words, on one line and printable.
std::string tail(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool odd = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
        if (!odd || (!line.empty() && line.back() != ' ')) {
            line += odd ? ' ' : c;
        }
    }
    while (line.ends_with(' ')) {
        line.pop_back();
    }
    if (line.size() <= kToldOfErrors) {
        return line;
    }
    auto begin = line.size() - kToldOfErrors;
    while (begin < line.size() && (static_cast<unsigned char>(line[begin]) & 0xc0U) == 0x80U) {
        ++begin; // not in the middle of a character
    }
    return "…" + line.substr(begin);
}

std::string shown(std::chrono::milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

} // namespace

struct PluginRun::Impl {
    enum class Piece : std::uint8_t { some, none, end };

    Impl(ChildProcess process, std::chrono::milliseconds time, Done whenDone)
        : child(std::move(process)), longest(time), done(std::move(whenDone)) {}

    int watch(sd_event* event);
    Piece readOutput();
    Piece readErrors();
    void finish(const std::string& problem);

    static int outputReady(sd_event_source*, int, std::uint32_t, void* self) noexcept;
    static int errorsReady(sd_event_source*, int, std::uint32_t, void* self) noexcept;
    static int ended(sd_event_source*, int, std::uint32_t, void* self) noexcept;
    static int timeOver(sd_event_source*, std::uint64_t, void* self) noexcept;

    ChildProcess child;
    std::chrono::milliseconds longest;
    Done done;
    std::string output;
    std::string errors;
    EventSource outputSource;
    EventSource errorSource;
    EventSource endSource;
    EventSource timer;
};

int PluginRun::Impl::watch(sd_event* event) {
    sd_event_source* source = nullptr;
    int status =
        sd_event_add_io(event, &source, child.standardOutput(), EPOLLIN, &Impl::outputReady, this);
    outputSource.reset(status < 0 ? nullptr : source);
    if (status >= 0) {
        status = sd_event_add_io(event, &source, child.standardError(), EPOLLIN, &Impl::errorsReady,
                                 this);
        errorSource.reset(status < 0 ? nullptr : source);
    }
    if (status >= 0) {
        status = sd_event_add_io(event, &source, child.ended(), EPOLLIN, &Impl::ended, this);
        endSource.reset(status < 0 ? nullptr : source);
    }
    if (status >= 0) {
        const auto time = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(longest).count());
        status = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, time, kTimerAccuracy,
                                            &Impl::timeOver, this);
        timer.reset(status < 0 ? nullptr : source);
    }
    return status;
}

namespace {

/// Bytes; 0: the end; -1: nothing yet.
ssize_t readPiece(int descriptor, std::array<char, kPiece>& piece) {
    ssize_t got = -1;
    do {
        got = ::read(descriptor, piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    return got < 0 && errno != EAGAIN ? 0 : got;
}

} // namespace

PluginRun::Impl::Piece PluginRun::Impl::readOutput() {
    std::array<char, kPiece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): is filled
    const auto got = readPiece(child.standardOutput(), piece);
    if (got <= 0) {
        return got == 0 ? Piece::end : Piece::none;
    }
    output.append(piece.data(), static_cast<std::size_t>(got));
    return output.size() > kLargestAnswer ? Piece::end : Piece::some;
}

PluginRun::Impl::Piece PluginRun::Impl::readErrors() {
    std::array<char, kPiece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): is filled
    const auto got = readPiece(child.standardError(), piece);
    if (got <= 0) {
        return got == 0 ? Piece::end : Piece::none;
    }
    errors.append(piece.data(), static_cast<std::size_t>(got));
    errors.erase(0, errors.size() - std::min(errors.size(), kKeptOfErrors));
    return Piece::some;
}

/// The last thing that is done here: the run may be gone afterwards.
void PluginRun::Impl::finish(const std::string& problem) {
    outputSource.reset();
    errorSource.reset();
    endSource.reset();
    timer.reset();
    const auto whenDone = std::move(done);
    if (problem.empty()) {
        whenDone(std::move(output));
        return;
    }
    const auto said = tail(errors);
    whenDone(fail(0, problem + (said.empty() ? "" : ": " + said)));
}

int PluginRun::Impl::outputReady(sd_event_source* source, int, std::uint32_t, void* self) noexcept {
    auto& run = *static_cast<Impl*>(self);
    try {
        if (run.readOutput() == Piece::end) {
            sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        if (run.output.size() > kLargestAnswer) {
            run.child.finish();
            run.finish("printed more than 1 MiB");
        }
    } catch (...) {
        return 0; // no memory: its time runs on
    }
    return 0;
}

int PluginRun::Impl::errorsReady(sd_event_source* source, int, std::uint32_t, void* self) noexcept {
    try {
        if (static_cast<Impl*>(self)->readErrors() == Piece::end) {
            sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
    } catch (...) {
        return 0;
    }
    return 0;
}

int PluginRun::Impl::ended(sd_event_source*, int, std::uint32_t, void* self) noexcept {
    auto& run = *static_cast<Impl*>(self);
    try {
        auto problem = run.child.finish();
        // Only so much: what has left the group may go on printing.
        for (int count = 0; count < kLastPieces && run.readOutput() == Piece::some; ++count) {
        }
        for (int count = 0; count < kLastPieces && run.readErrors() == Piece::some; ++count) {
        }
        if (problem.empty() && run.output.size() > kLargestAnswer) {
            problem = "printed more than 1 MiB";
        }
        run.finish(problem);
    } catch (...) {
        return 0;
    }
    return 0;
}

int PluginRun::Impl::timeOver(sd_event_source*, std::uint64_t, void* self) noexcept {
    auto& run = *static_cast<Impl*>(self);
    try {
        run.child.finish();
        run.finish("has not ended within " + shown(run.longest) + " and was killed");
    } catch (...) {
        return 0;
    }
    return 0;
}

Result<std::unique_ptr<PluginRun>> PluginRun::start(sd_event* event, const Program& program,
                                                    std::chrono::milliseconds longest, Done done) {
    auto child = ChildProcess::start(program);
    if (!child) {
        return std::unexpected(std::move(child).error());
    }
    auto impl = std::make_unique<Impl>(*std::move(child), longest, std::move(done));
    const int status = impl->watch(event);
    if (status < 0) {
        return fail(-status, "cannot be watched");
    }
    return std::unique_ptr<PluginRun>(new PluginRun(std::move(impl)));
}

PluginRun::PluginRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PluginRun::~PluginRun() = default;

} // namespace plimsoll::kube
