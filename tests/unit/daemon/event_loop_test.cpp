// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_loop.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(TickTimer, counts_from_the_previous_deadline) {
    EventLoop loop;
    std::vector<MonotonicTime> deadlines;
    loop.everyInterval(20ms, [&](MonotonicTime deadline) {
        deadlines.push_back(deadline);
        std::this_thread::sleep_for(3ms); // work does not shift the next deadline
        if (deadlines.size() == 4) {
            loop.exit(0);
        }
    });
    loop.run();
    for (std::size_t i = 1; i < deadlines.size(); ++i) {
        EXPECT_EQ((deadlines[i] - deadlines[i - 1]) % 20ms, 0ms);
    }
}

TEST(TickTimer, leaves_missed_deadlines_out_and_never_ticks_twice_in_a_moment) {
    EventLoop loop;
    std::vector<MonotonicTime> ticks;
    loop.everyInterval(20ms, [&](MonotonicTime) {
        ticks.push_back(monotonicNow());
        if (ticks.size() == 1) {
            std::this_thread::sleep_for(95ms); // 5 ms before the fifth deadline
        }
        if (ticks.size() == 3) {
            loop.exit(0);
        }
    });
    loop.run();
    ASSERT_EQ(ticks.size(), 3U);
    EXPECT_GE(ticks[1] - ticks[0], 95ms + 10ms) << "half an interval after the late tick at least";
}

TEST(TickTimer, an_exception_does_not_end_the_loop) {
    EventLoop loop;
    int ticks = 0;
    loop.everyInterval(5ms, [&](MonotonicTime) {
        if (++ticks == 3) {
            loop.exit(7);
        }
        throw std::runtime_error("a tick that fails");
    });
    EXPECT_EQ(loop.run(), 7);
}

TEST(TickTimer, a_loop_that_only_fails_ends_so_that_everything_is_undone) {
    EventLoop loop;
    int ticks = 0;
    loop.everyInterval(5ms, [&](MonotonicTime) {
        ++ticks;
        throw std::runtime_error("always");
    });
    EXPECT_EQ(loop.run(), EXIT_FAILURE);
    EXPECT_EQ(ticks, 5);
}

TEST(TickTimer, a_shorter_interval_does_not_wait_for_the_old_one) {
    EventLoop loop;
    int ticks = 0;
    const auto begin = monotonicNow();
    loop.everyInterval(60s, [&](MonotonicTime) {
        if (++ticks == 1) {
            loop.changeInterval(10ms);
        }
        if (ticks == 3) {
            loop.exit(0);
        }
    });
    loop.run();
    EXPECT_LT(monotonicNow() - begin, 30s);
}

TEST(Signals, arrive_on_the_loop) {
    EventLoop loop;
    bool arrived = false;
    ASSERT_TRUE(loop.onSignal(SIGUSR1,
                              [&] {
                                  arrived = true;
                                  loop.exit(0);
                              })
                    .has_value());
    std::raise(SIGUSR1);
    loop.run();
    EXPECT_TRUE(arrived);
}

class DirectoryChanges : public testing::Test {
protected:
    /// Runs the loop until a change is told or a second is over; true: it was told.
    bool told() {
        bool result = false;
        const auto begin = monotonicNow();
        onChange = [&] {
            result = true;
            loop.exit(0);
        };
        loop.everyInterval(50ms, [&](MonotonicTime) {
            if (monotonicNow() - begin > 1s) {
                loop.exit(0);
            }
        });
        loop.run();
        return result;
    }
    EventLoop loop;
    test::FakeTree tree;
    std::function<void()> onChange;
};

TEST_F(DirectoryChanges, a_written_file_is_told_once_it_is_quiet) {
    tree.makeDirectory("policies.d");
    ASSERT_TRUE(loop.onDirectoryChange(tree.path("policies.d"), [&] { onChange(); }).has_value());
    tree.write("policies.d/a.yaml", "one");
    tree.write("policies.d/b.yaml", "two");
    EXPECT_TRUE(told());
}

TEST_F(DirectoryChanges, a_removed_file_is_told) {
    tree.write("policies.d/a.yaml", "one");
    ASSERT_TRUE(loop.onDirectoryChange(tree.path("policies.d"), [&] { onChange(); }).has_value());
    tree.remove("policies.d/a.yaml");
    EXPECT_TRUE(told());
}

TEST_F(DirectoryChanges, a_directory_that_appears_later_is_watched) {
    ASSERT_TRUE(loop.onDirectoryChange(tree.path("policies.d"), [&] { onChange(); }).has_value());
    tree.write("policies.d/a.yaml", "one");
    EXPECT_TRUE(told());
}

TEST_F(DirectoryChanges, no_change_is_not_told) {
    tree.makeDirectory("policies.d");
    ASSERT_TRUE(loop.onDirectoryChange(tree.path("policies.d"), [&] { onChange(); }).has_value());
    EXPECT_FALSE(told());
}

TEST(Readable, is_told_while_it_is_watched_and_not_any_more) {
    EventLoop loop;
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ASSERT_GE(descriptor, 0);
    int told = 0;
    EventLoop::Watch watch = *loop.onReadable(descriptor, [&] {
        std::uint64_t count = 0;
        ASSERT_EQ(read(descriptor, &count, sizeof count), static_cast<ssize_t>(sizeof count));
        if (++told == 2) {
            watch.reset(); // in its own handler
        }
    });
    int ticks = 0;
    loop.everyInterval(std::chrono::milliseconds(5), [&](MonotonicTime) {
        const std::uint64_t one = 1;
        ASSERT_EQ(write(descriptor, &one, sizeof one), static_cast<ssize_t>(sizeof one));
        if (++ticks == 6) {
            loop.exit(0);
        }
    });
    loop.run();
    close(descriptor);
    EXPECT_EQ(told, 2);
}

TEST(Readable, a_descriptor_that_is_none_is_an_error) {
    EventLoop loop;
    EXPECT_FALSE(loop.onReadable(-1, [] {}).has_value());
}

} // namespace
} // namespace plimsoll
