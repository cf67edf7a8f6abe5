// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/worker.hpp"

#include "cgroup/baseline_store.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace plimsoll::executor {
namespace {

/// Nobody else sends it, and without a handler it does nothing: a late one harms nobody.
constexpr int kEndWrite = SIGURG;
/// A signal that comes just before the write goes into the kernel is lost, so it is sent again.
constexpr std::chrono::milliseconds kBetweenSignals{10};

/// A signal that is ignored, or whose call is begun again, would end nothing.
void handleEndWrite() {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    ::sigaction(kEndWrite, &action, nullptr);
}

/// Signals are the loop's; any but this one would also cut a reclaim short.
void blockOtherSignals() {
    sigset_t others;
    ::sigfillset(&others);
    ::sigdelset(&others, kEndWrite);
    ::pthread_sigmask(SIG_SETMASK, &others, nullptr);
}

Worker::End cancelled(std::uint64_t id) {
    return {id, fail(ECANCELED, "cancelled while it waited for its turn"), {}};
}

/// 0 where it cannot be read: then nothing is claimed.
double memoryCurrent(cgroup::WritePort& port, const cgroup::OpenGroup& group) {
    const auto text = port.read(group, "memory.current").value_or("");
    std::uint64_t bytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), bytes);
    return static_cast<double>(bytes);
}

} // namespace

Worker::Worker(std::shared_ptr<cgroup::WritePort> port)
    : port_(std::move(port)), finishedEvent_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    handleEndWrite();
    std::ignore = start(); // where it failed, submit() tries again and says why
}

Worker::~Worker() {
    thread_.request_stop(); // takes no more from the queue
    std::unique_lock lock(mutex_);
    endWrite(lock);
}

Result<void> Worker::start() {
    if (thread_.joinable()) {
        return {};
    }
    try {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    } catch (const std::system_error& error) {
        return fail(error.code().value(),
                    "starting a thread for writes that may block: " + error.code().message());
    }
    return {};
}

/// The kernel looks for signals between the rounds of a reclaim.
void Worker::endWrite(std::unique_lock<std::mutex>& lock) {
    while (writing_) {
        ::pthread_kill(thread_.native_handle(), kEndWrite);
        changed_.wait_for(lock, kBetweenSignals, [this] { return !writing_; });
    }
}

Result<void> Worker::submit(Job job) {
    if (!finishedEvent_.isOpen()) {
        return fail(EMFILE, "there is no descriptor to tell when a write that may block is done");
    }
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMostQueued) {
        return fail(EBUSY, "the queue of writes that may block is full: " +
                               std::to_string(kMostQueued) + " wait already");
    }
    if (auto started = start(); !started) {
        return started;
    }
    queue_.push_back(std::move(job));
    changed_.notify_all();
    return {};
}

std::vector<Worker::End> Worker::takeFinished() {
    const std::lock_guard lock(mutex_); // or an end that comes in between is taken and told again
    eventfd_t count = 0;
    ::eventfd_read(finishedEvent_.get(), &count);
    return std::exchange(finished_, {});
}

std::optional<Worker::End> Worker::cancel(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto job = std::ranges::find(queue_, id, &Job::id);
    if (job == queue_.end()) {
        return std::nullopt;
    }
    queue_.erase(job);
    return cancelled(id);
}

void Worker::wake() {
    ::eventfd_write(finishedEvent_.get(), 1);
}

std::vector<Worker::End> Worker::drain() {
    std::deque<Job> dropped;
    {
        std::unique_lock lock(mutex_);
        dropped.swap(queue_);
        endWrite(lock);
    }
    auto ends = takeFinished();
    for (const auto& job : dropped) {
        ends.push_back(cancelled(job.id));
    }
    return ends;
}

void Worker::run(const std::stop_token& stop) {
    blockOtherSignals();
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !queue_.empty(); }) &&
           !stop.stop_requested()) {
        const Job job = std::move(queue_.front());
        queue_.pop_front();
        writing_ = true;
        lock.unlock();
        auto end = write(job);
        lock.lock();
        writing_ = false;
        finished_.push_back(std::move(end));
        wake();
        changed_.notify_all();
    }
}

Worker::End Worker::write(const Job& job) const {
    if (!job.expected.empty()) {
        const auto now = port_->read(*job.group, job.file);
        if (!now) {
            return {job.id, std::unexpected(now.error()), {}};
        }
        if (cgroup::trimmed(*now) != job.expected) {
            return {job.id,
                    fail(ESTALE, job.group->path + "/" + job.file + " changed while it waited: '" +
                                     job.expected + "' became '" +
                                     std::string(cgroup::trimmed(*now)) + "'"),
                    {}};
        }
    }
    const auto before = memoryCurrent(*port_, *job.group);
    auto written = port_->writeUntilSignal(*job.group, job.file, job.bytes);
    const auto after = memoryCurrent(*port_, *job.group);
    return {job.id, std::move(written), Bytes{std::max(before - after, 0.0)}};
}

} // namespace plimsoll::executor
