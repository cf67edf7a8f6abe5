// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_loop.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <system_error>
#include <systemd/sd-event.h>

namespace plimsoll {

using std::chrono::microseconds;

namespace {

/// Two timers that may fire together save a wake-up; a tick tolerates this much.
constexpr std::uint64_t kTimerAccuracy = 5'000; // µs

/// An editor or configuration management writes several files; act when they are done.
constexpr std::uint64_t kQuietPeriod = 200'000; // µs

/// A loop that only fails must not go on holding pods under a happy watchdog.
constexpr int kFailuresInARow = 5;

std::uint64_t toMicroseconds(microseconds value) {
    return static_cast<std::uint64_t>(value.count());
}

std::uint64_t nowOf(sd_event* event) {
    std::uint64_t now = 0;
    sd_event_now(event, CLOCK_MONOTONIC, &now);
    return now;
}

/// No exception may unwind through sd-event's C frames.
template <class Function>
bool guarded(const char* what, Function&& function) noexcept {
    try {
        function();
        return true;
    } catch (const std::exception& error) {
        spdlog::error("{} failed: {}", what, error.what());
    } catch (...) {
        spdlog::error("{} failed", what);
    }
    return false;
}

} // namespace

MonotonicTime monotonicNow() {
    return MonotonicTime{std::chrono::steady_clock::now()};
}

struct EventLoop::Source {
    virtual ~Source() = default;
};

namespace {

struct UnrefSource {
    void operator()(sd_event_source* source) const { sd_event_source_disable_unref(source); }
};
using SourcePtr = std::unique_ptr<sd_event_source, UnrefSource>;

struct PeriodicSource : EventLoop::Source {
    SourcePtr timer;
    std::uint64_t deadline = 0;
    microseconds interval{};
    int failures = 0; ///< in a row
    std::function<void(MonotonicTime)> tick;

    void changeInterval(microseconds value) noexcept;
    static int fired(sd_event_source* source, std::uint64_t, void* self) noexcept {
        static_cast<PeriodicSource*>(self)->run(source);
        return 0;
    }
    void run(sd_event_source* source) noexcept {
        const bool done = guarded("tick", [this] { tick(MonotonicTime{microseconds{deadline}}); });
        failures = done ? 0 : failures + 1;
        if (failures == kFailuresInARow) {
            sd_event_exit(sd_event_source_get_event(source), EXIT_FAILURE);
        }
        const auto step = toMicroseconds(interval);
        // After a late tick the next deadline may be a moment away: a rate over a moment is noise,
        // so it is left out, too.
        const auto now =
            std::chrono::duration_cast<microseconds>(monotonicNow().time_since_epoch());
        const auto earliest = toMicroseconds(now) + step / 2;
        deadline += step;
        if (deadline < earliest) {
            deadline += (earliest - deadline + step - 1) / step * step;
        }
        sd_event_source_set_time(source, deadline);
        sd_event_source_set_enabled(source, SD_EVENT_ON);
    }
};

void PeriodicSource::changeInterval(microseconds value) noexcept {
    const auto step = toMicroseconds(value);
    if (step < toMicroseconds(interval)) {
        // The next tick would come after the old interval, up to a minute from now.
        deadline = std::min(deadline, nowOf(sd_event_source_get_event(timer.get())) + step);
        sd_event_source_set_time(timer.get(), deadline);
    }
    interval = value;
}

struct SignalSource : EventLoop::Source {
    SourcePtr source;
    std::function<void()> handler;

    static int fired(sd_event_source*, const signalfd_siginfo*, void* self) noexcept {
        guarded("signal handler", static_cast<SignalSource*>(self)->handler);
        return 0;
    }
};

struct ReadableSource : EventLoop::Source, std::enable_shared_from_this<ReadableSource> {
    SourcePtr source;
    std::function<void()> handler;

    static int fired(sd_event_source*, int, std::uint32_t, void* self) noexcept {
        // The handler may let go of its own watch.
        const auto alive = static_cast<ReadableSource*>(self)->shared_from_this();
        guarded("handler of a descriptor", alive->handler);
        return 0;
    }
};

struct DelaySource : EventLoop::Source, std::enable_shared_from_this<DelaySource> {
    SourcePtr source;
    std::function<void()> handler;

    static int fired(sd_event_source*, std::uint64_t, void* self) noexcept {
        // The handler may let go of its own watch.
        const auto alive = static_cast<DelaySource*>(self)->shared_from_this();
        guarded("handler of a delay", alive->handler);
        return 0;
    }
};

struct DirectorySource : EventLoop::Source {
    std::filesystem::path directory;
    SourcePtr self;
    SourcePtr parent;
    SourcePtr quiet;
    std::function<void()> handler;

    static constexpr std::uint32_t kContents =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

    static int contentsChanged(sd_event_source*, const inotify_event*, void* data) noexcept {
        static_cast<DirectorySource*>(data)->startQuietPeriod();
        return 0;
    }
    static int parentChanged(sd_event_source* source, const inotify_event* event,
                             void* data) noexcept {
        auto& watch = *static_cast<DirectorySource*>(data);
        if (event->len > 0 && watch.directory.filename() == event->name) {
            watch.watchContents(sd_event_source_get_event(source));
            watch.startQuietPeriod();
        }
        return 0;
    }
    static int quietPeriodOver(sd_event_source*, std::uint64_t, void* data) noexcept {
        guarded("directory change", static_cast<DirectorySource*>(data)->handler);
        return 0;
    }

    void startQuietPeriod() noexcept {
        sd_event_source_set_time(quiet.get(),
                                 nowOf(sd_event_source_get_event(quiet.get())) + kQuietPeriod);
        sd_event_source_set_enabled(quiet.get(), SD_EVENT_ONESHOT);
    }
    /// Negative errno; -ENOENT while the directory is not there.
    int watchContents(sd_event* event) noexcept {
        sd_event_source* source = nullptr;
        const int status = sd_event_add_inotify(event, &source, directory.c_str(), kContents,
                                                contentsChanged, this);
        if (status >= 0) {
            self.reset(source);
        }
        return status;
    }
};

} // namespace

struct EventLoop::Impl {
    sd_event* event = nullptr;
    std::vector<std::unique_ptr<Source>> sources;
    PeriodicSource* periodic = nullptr;

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        sources.clear();
        sd_event_unref(event);
    }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {
    const int status = sd_event_default(&impl_->event);
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), "making the event loop");
    }
    sd_event_set_watchdog(impl_->event, 1);
}

EventLoop::~EventLoop() = default;

sd_event* EventLoop::raw() const {
    return impl_->event;
}

void EventLoop::everyInterval(microseconds interval, std::function<void(MonotonicTime)> tick) {
    auto source = std::make_unique<PeriodicSource>();
    source->interval = interval;
    source->tick = std::move(tick);
    source->deadline = nowOf(impl_->event);
    sd_event_source* timer = nullptr;
    const int status = sd_event_add_time(impl_->event, &timer, CLOCK_MONOTONIC, source->deadline,
                                         kTimerAccuracy, PeriodicSource::fired, source.get());
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), "making the tick timer");
    }
    source->timer.reset(timer);
    sd_event_source_set_enabled(timer, SD_EVENT_ON);
    sd_event_source_set_description(timer, "tick");
    impl_->periodic = source.get();
    impl_->sources.push_back(std::move(source));
}

void EventLoop::changeInterval(microseconds interval) {
    if (impl_->periodic != nullptr) {
        impl_->periodic->changeInterval(interval);
    }
}

Result<void> EventLoop::onSignal(int signal, std::function<void()> handler) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, signal);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    auto source = std::make_unique<SignalSource>();
    source->handler = std::move(handler);
    sd_event_source* raw = nullptr;
    const int status =
        sd_event_add_signal(impl_->event, &raw, signal, SignalSource::fired, source.get());
    if (status < 0) {
        return fail(-status, std::string("waiting for signal ") + sigabbrev_np(signal));
    }
    source->source.reset(raw);
    impl_->sources.push_back(std::move(source));
    return {};
}

Result<void> EventLoop::onDirectoryChange(const std::string& directory,
                                          std::function<void()> handler) {
    auto watch = std::make_unique<DirectorySource>();
    watch->directory = directory;
    watch->handler = std::move(handler);
    sd_event_source* raw = nullptr;
    int status = sd_event_add_time(impl_->event, &raw, CLOCK_MONOTONIC, 0, kTimerAccuracy,
                                   DirectorySource::quietPeriodOver, watch.get());
    if (status < 0) {
        return fail(-status, "making a timer");
    }
    watch->quiet.reset(raw);
    sd_event_source_set_enabled(raw, SD_EVENT_OFF);
    const auto parent = watch->directory.parent_path();
    status = sd_event_add_inotify(impl_->event, &raw, parent.c_str(),
                                  IN_CREATE | IN_MOVED_TO | IN_ONLYDIR,
                                  DirectorySource::parentChanged, watch.get());
    if (status >= 0) {
        watch->parent.reset(raw);
    }
    const int contents = watch->watchContents(impl_->event);
    impl_->sources.push_back(std::move(watch));
    // Half a watch still helps, and is said: fs.inotify.max_user_watches may be used up.
    if (status < 0) {
        return fail(-status, "watching " + parent.string() + ": " + std::strerror(-status));
    }
    if (contents < 0 && contents != -ENOENT) {
        return fail(-contents, "watching " + directory + ": " + std::strerror(-contents));
    }
    return {};
}

Result<EventLoop::Watch> EventLoop::onReadable(int descriptor, std::function<void()> handler) {
    auto watch = std::make_shared<ReadableSource>();
    watch->handler = std::move(handler);
    sd_event_source* raw = nullptr;
    const int status = sd_event_add_io(impl_->event, &raw, descriptor, EPOLLIN,
                                       ReadableSource::fired, watch.get());
    if (status < 0) {
        return fail(-status, std::string("watching a descriptor: ") + std::strerror(-status));
    }
    watch->source.reset(raw);
    return watch;
}

Result<EventLoop::Watch> EventLoop::after(microseconds delay, std::function<void()> handler) {
    auto watch = std::make_shared<DelaySource>();
    watch->handler = std::move(handler);
    sd_event_source* raw = nullptr;
    const int status =
        sd_event_add_time_relative(impl_->event, &raw, CLOCK_MONOTONIC, toMicroseconds(delay),
                                   kTimerAccuracy, DelaySource::fired, watch.get());
    if (status < 0) {
        return fail(-status, std::string("making a timer: ") + std::strerror(-status));
    }
    watch->source.reset(raw);
    return watch;
}

int EventLoop::run() {
    return sd_event_loop(impl_->event);
}

void EventLoop::exit(int code) {
    sd_event_exit(impl_->event, code);
}

} // namespace plimsoll
