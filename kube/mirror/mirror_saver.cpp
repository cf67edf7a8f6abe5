// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/mirror_saver.hpp"

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace plimsoll::kube {
namespace {

/// A thread must not throw.
Result<void> trySaving(const std::string& path, const ObjectStore& store,
                       const MirrorHeader& header) {
    try {
        return saveMirror(path, store, header);
    } catch (const std::exception& exception) {
        return fail(ENOMEM, "writing " + path + ": " + exception.what());
    }
}

} // namespace

MirrorSaver::MirrorSaver(std::string path, std::chrono::milliseconds interval)
    : path_(std::move(path)), interval_(interval) {}

MirrorSaver::~MirrorSaver() = default;

Result<void> MirrorSaver::start() {
    if (thread_.joinable()) {
        return {};
    }
    try {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    } catch (const std::system_error& error) {
        return fail(error.code().value(), "starting a thread that saves the mirror to " + path_ +
                                              ": " + error.code().message());
    }
    return {};
}

Result<void> MirrorSaver::takeResult() {
    return std::exchange(result_, Result<void>());
}

Result<void> MirrorSaver::save(const ObjectStore& store, const MirrorHeader& header) {
    Waiting next{.store = store, .header = header};
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(next);
    if (auto started = start(); !started) {
        return started;
    }
    changed_.notify_all();
    return takeResult();
}

Result<void> MirrorSaver::flush() {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) {
        return {};
    }
    atOnce_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !waiting_ && !writing_; });
    atOnce_ = false;
    return takeResult();
}

void MirrorSaver::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    while (changed_.wait(lock, stop, [this] { return waiting_.has_value(); })) {
        changed_.wait_until(lock, stop, next, [this] { return atOnce_; });
        if (stop.stop_requested()) {
            return;
        }
        const Waiting mirror = std::exchange(waiting_, std::nullopt).value_or(Waiting());
        writing_ = true;
        lock.unlock();
        auto written = trySaving(path_, mirror.store, mirror.header);
        lock.lock();
        writing_ = false;
        next = std::chrono::steady_clock::now() + interval_;
        if (!written) {
            result_ = std::move(written);
        }
        changed_.notify_all();
    }
}

} // namespace plimsoll::kube
