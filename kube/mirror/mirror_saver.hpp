// SPDX-License-Identifier: Apache-2.0
// Saves the mirror beside the loop: a disk may take seconds, and the loop has none to spare.
#pragma once

#include "kube/mirror/mirror_file.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace plimsoll::kube {

class MirrorSaver {
public:
    /// Not more often than `interval`. The thread starts with the first save().
    explicit MirrorSaver(std::string path,
                         std::chrono::milliseconds interval = std::chrono::seconds(10));
    /// Without what waits; see flush().
    ~MirrorSaver();
    MirrorSaver(const MirrorSaver&) = delete;
    MirrorSaver& operator=(const MirrorSaver&) = delete;

    /// Soon, and in place of what waits still. An error is that of an earlier one (told once), or
    /// says why there is no thread.
    Result<void> save(const ObjectStore& store, const MirrorHeader& header);

    /// Writes what waits, now, and waits until it is written. For a stop.
    Result<void> flush();

private:
    struct Waiting {
        ObjectStore store;
        MirrorHeader header;
    };
    Result<void> start();
    void run(const std::stop_token& stop);
    Result<void> takeResult();

    const std::string path_;
    const std::chrono::milliseconds interval_;
    std::mutex mutex_; ///< of what follows
    std::condition_variable_any changed_;
    std::optional<Waiting> waiting_;
    bool writing_ = false;
    bool atOnce_ = false;
    Result<void> result_;
    std::jthread thread_; ///< the last member: it uses the others until it is joined
};

} // namespace plimsoll::kube
