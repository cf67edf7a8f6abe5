// SPDX-License-Identifier: Apache-2.0
// One thread for the writes in which the kernel reclaims memory before it returns: memory.high
// below the usage, and memory.reclaim. They take seconds, and the loop has none to spare.
#pragma once

#include "cgroup/descriptor.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/units.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::executor {

class Worker {
public:
    struct Job {
        std::uint64_t id = 0; ///< of the caller's choice
        std::shared_ptr<const cgroup::OpenGroup> group;
        std::string file;
        std::string bytes;
        /// Not written if the file says something else by then. Empty: not looked at.
        std::string expected;
    };
    struct End {
        std::uint64_t id = 0;
        Result<void> written;
        Bytes freed; ///< by so much memory.current of the group fell while it was written
    };

    /// What waits longer than this many others was decided on a node that is another one by then.
    static constexpr std::size_t kMostQueued = 16;

    /// The thread starts now: later there may be no more to be had.
    explicit Worker(std::shared_ptr<cgroup::WritePort> port);
    /// Drops what is queued and ends the write that is running.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    Result<void> submit(Job job);

    /// Readable while there is something to take. -1: submit() fails and says why.
    [[nodiscard]] int descriptor() const { return finishedEvent_.get(); }
    std::vector<End> takeFinished();

    /// The end (ECANCELED) of a job that is still queued. None: it is being written, or over.
    std::optional<End> cancel(std::uint64_t id);
    /// Makes the descriptor readable.
    void wake();

    /// Cancels what is queued (ECANCELED), ends the write that is running (EINTR, or as if done:
    /// the kernel leaves its reclaiming when a signal comes), and takes all ends. After this
    /// nothing is written until the next submit().
    std::vector<End> drain();

private:
    Result<void> start();
    void endWrite(std::unique_lock<std::mutex>& lock);
    void run(const std::stop_token& stop);
    [[nodiscard]] End write(const Job& job) const;

    std::shared_ptr<cgroup::WritePort> port_;
    cgroup::Descriptor finishedEvent_;
    std::mutex mutex_; ///< of what follows
    std::condition_variable_any changed_;
    std::deque<Job> queue_;
    std::vector<End> finished_;
    bool writing_ = false;
    std::jthread thread_; ///< the last member: it uses the others until it is joined
};

} // namespace plimsoll::executor
