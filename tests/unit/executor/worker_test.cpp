// SPDX-License-Identifier: Apache-2.0
// The worker against the kernel: a write that would never end.
#include "daemon/executor/worker.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace plimsoll::executor {
namespace {

/// Opening a FIFO that nobody reads blocks as a reclaim does, and ends as one does: by a signal.
class Stuck : public testing::Test {
protected:
    Stuck() {
        tree.makeDirectory("pod");
        EXPECT_EQ(::mkfifo(tree.path("pod/memory.reclaim").c_str(), 0600), 0);
    }
    Worker::Job job(std::uint64_t id) {
        auto group = port->openGroup(tree.path("pod"));
        return {.id = id,
                .group = std::make_shared<const cgroup::OpenGroup>(*std::move(group)),
                .file = "memory.reclaim",
                .bytes = "1048576"};
    }
    test::FakeTree tree;
    std::shared_ptr<cgroup::WritePort> port = std::make_shared<cgroup::WritePort>();
};

TEST_F(Stuck, a_write_that_does_not_end_is_ended_by_drain) {
    Worker worker(port);
    ASSERT_TRUE(worker.submit(job(1)));
    ASSERT_TRUE(worker.submit(job(2)));
    const auto ends = worker.drain();
    ASSERT_EQ(ends.size(), 2U);
    for (const auto& end : ends) { // the first may not have begun yet
        ASSERT_FALSE(end.written.has_value());
        EXPECT_TRUE(end.written.error().code == EINTR || end.written.error().code == ECANCELED);
    }
    EXPECT_EQ(ends.back().written.error().code, ECANCELED);
    EXPECT_TRUE(worker.submit(job(3))) << "and it goes on";
}

TEST_F(Stuck, a_worker_that_goes_does_not_wait_for_the_kernel) {
    const auto begin = std::chrono::steady_clock::now();
    {
        Worker worker(port);
        ASSERT_TRUE(worker.submit(job(1)));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

} // namespace
} // namespace plimsoll::executor
