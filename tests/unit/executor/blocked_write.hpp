// SPDX-License-Identifier: Apache-2.0
// A write that does not return until the test lets it, as one in which the kernel reclaims.
#pragma once

#include "tests/unit/executor/fuse.hpp"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace plimsoll::test {

class BlockedWrite {
public:
    /// The first write to `file`, of whatever group, that comes from another thread.
    BlockedWrite(FaultyPort& port, std::string file) {
        port.failure = [state = state_, file = std::move(file), loop = std::this_thread::get_id()](
                           std::string_view operation, const std::string& name) {
            if (operation != "write" || name != file || std::this_thread::get_id() == loop) {
                return 0;
            }
            if (state->writes++ == 0) {
                state->entered.release();
                state->leave.acquire();
            }
            return state->code.load();
        };
    }
    ~BlockedWrite() { letGo(); }
    BlockedWrite(const BlockedWrite&) = delete;
    BlockedWrite& operator=(const BlockedWrite&) = delete;

    void waitUntilEntered() {
        ASSERT_TRUE(state_->entered.try_acquire_for(std::chrono::seconds(10)));
    }
    void failWith(int code) { state_->code = code; }
    void letGo() {
        if (!state_->released.exchange(true)) {
            state_->leave.release();
        }
    }
    /// From a thread of its own, while this one waits for the write.
    std::jthread letGoLater() {
        return std::jthread([this] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            letGo();
        });
    }
    /// By other threads, so far.
    [[nodiscard]] int writes() const { return state_->writes; }

private:
    struct State {
        std::atomic<int> writes = 0;
        std::atomic<int> code = 0;
        std::atomic<bool> released = false;
        std::binary_semaphore entered{0};
        std::binary_semaphore leave{0};
    };
    std::shared_ptr<State> state_ = std::make_shared<State>(); ///< the port may outlive this
};

} // namespace plimsoll::test
