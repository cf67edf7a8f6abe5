// SPDX-License-Identifier: Apache-2.0
// memory.high: held like cpu.max, and lowered by the worker.
#include "daemon/executor/worker.hpp"
#include "tests/unit/executor/blocked_write.hpp"
#include "tests/unit/executor/node.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class HoldingMemory : public NodeTest {
protected:
    /// To 100 MiB, from nothing.
    Step first(const std::string& path) const { return node.throttle(path, noHigh(), high(100)); }
    std::string addPodOrUnit(bool isUnit) {
        return isUnit ? node.addUnitPod("2-2") : node.addPod("1-1");
    }
};

TEST_F(HoldingMemory, leaves_no_trace_of_a_first_write_that_the_kernel_refused) {
    for (const bool isUnit : {false, true}) {
        const auto path = addPodOrUnit(isUnit);
        const auto before = node.everything();
        for (const int code : {ENOSPC, EBUSY, EINVAL}) {
            node.files->failure = [code](std::string_view operation, const std::string& file) {
                return operation == "write" && file == "memory.high" ? code : 0;
            };
            const auto outcome = node.carryOutOne(first(path));
            node.files->failure = nullptr;
            EXPECT_FALSE(outcome.done);
            EXPECT_FALSE(outcome.pending);
            EXPECT_FALSE(outcome.gone);
            EXPECT_THAT(outcome.error, HasSubstr(std::strerror(code)));
            EXPECT_EQ(node.everything(), before);
            EXPECT_THAT(node.executor->held(), IsEmpty());
        }
    }
}

TEST_F(HoldingMemory, changes_nothing_where_no_baseline_can_be_kept) {
    for (const bool isUnit : {false, true}) {
        const auto path = addPodOrUnit(isUnit);
        const auto before = node.everything();
        node.files->failure = [](std::string_view operation, const std::string& file) {
            return operation == "setxattr" && file == "user.plimsoll.memory.high" ? ENOSPC : 0;
        };
        EXPECT_THAT(node.carryOutOne(first(path)).error,
                    StartsWith("not changed, as its baseline cannot be kept: "));
        node.files->failure = nullptr;
        EXPECT_EQ(node.everything(), before);
        EXPECT_EQ(node.systemd->changes, 0);
    }
}

TEST_F(HoldingMemory, does_not_touch_a_unit_while_systemd_cannot_be_asked) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->available = false;
    EXPECT_THAT(node.carryOutOne(first(path)).error, HasSubstr("asking systemd"));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, leaves_no_trace_when_systemd_denies_what_the_file_says_already) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->denies = true;
    EXPECT_THAT(node.carryOutOne(first(path)).error, HasSubstr("setting MemoryHigh"));
    EXPECT_EQ(node.everything(), before);
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(HoldingMemory, keeps_the_step_before_when_systemd_denies_the_next) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    node.systemd->denies = true;
    EXPECT_FALSE(node.carryOutOne(node.throttle(path, high(100), high(80))).done);
    EXPECT_EQ(node.memoryHigh(path), highText(100));
    ASSERT_EQ(node.executor->held().size(), 1U);
    EXPECT_EQ(node.executor->held()[0].applied, high(100));
    EXPECT_FALSE(node.executor->held()[0].changing);
    node.systemd->denies = false;
    EXPECT_TRUE(node.executor->undoAll("stop").front().done);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, puts_back_what_systemd_does_after_its_time_was_out) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->late = true;
    EXPECT_FALSE(node.carryOutOne(first(path)).done);
    ASSERT_EQ(node.executor->held().size(), 1U) << "it may happen yet";
    EXPECT_EQ(node.executor->held()[0].applied, high(100)) << "the file says it already";
    node.systemd->finishLate();
    EXPECT_TRUE(node.executor->undoAll("stop").front().done);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, leaves_a_value_that_came_while_the_write_waited) {
    const auto busy = node.addPod("1-1");
    const auto path = node.addPod("2-2");
    auto expected = node.everything();
    BlockedWrite blocked(*node.files, "memory.high");
    ASSERT_TRUE(node.carryOut({first(busy)}).front().pending);
    blocked.waitUntilEntered();
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    node.setMemoryHigh(path, highText(300));
    blocked.letGo();
    EXPECT_TRUE(node.nextFinished().done);
    const auto outcome = node.nextFinished();
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr("changed while it waited"));
    EXPECT_EQ(node.memoryHigh(path), highText(300));
    EXPECT_EQ(node.attribute(path, Lever::memoryHigh), "");
    ASSERT_EQ(node.executor->held().size(), 1U);
    node.executor->undoAll("stop");
    expected["/cgroup" + path + "/memory.high"] = highText(300);
    EXPECT_EQ(node.everything(), expected);
}

TEST_F(HoldingMemory, leaves_a_value_that_came_just_after_the_write) {
    for (const bool isUnit : {false, true}) {
        const auto path = addPodOrUnit(isUnit);
        auto expected = node.everything();
        ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
        pollfd wait{node.executor->finishedDescriptor(), POLLIN, 0};
        ASSERT_EQ(::poll(&wait, 1, Node::kLongestWait), 1);
        node.setMemoryHigh(path, highText(300));
        const auto outcomes = node.executor->takeFinished();
        ASSERT_EQ(outcomes.size(), 1U);
        EXPECT_THAT(outcomes[0].error, HasSubstr("by now it says"));
        expected["/cgroup" + path + "/memory.high"] = highText(300);
        EXPECT_EQ(node.everything(), expected);
        EXPECT_THAT(node.executor->held(), IsEmpty());
    }
}

TEST_F(HoldingMemory, says_gone_when_the_cgroup_vanishes_under_the_write) {
    const auto path = node.addPod("1-1");
    BlockedWrite blocked(*node.files, "memory.high");
    blocked.failWith(ENODEV);
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    blocked.waitUntilEntered();
    node.tree.remove(Node::kCgroups + path);
    node.executor->forgetVanished(Snapshot{});
    EXPECT_THAT(node.executor->held(), IsEmpty());
    blocked.letGo();
    const auto outcome = node.nextFinished();
    EXPECT_TRUE(outcome.gone);
    EXPECT_FALSE(outcome.done);
    EXPECT_EQ(outcome.error, "");
}

TEST_F(HoldingMemory, says_gone_when_the_cgroup_vanished_and_nobody_looked) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    BlockedWrite blocked(*node.files, "memory.high");
    blocked.failWith(ENODEV);
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    blocked.waitUntilEntered();
    node.systemd->stop(path);
    blocked.letGo();
    const auto outcome = node.nextFinished();
    EXPECT_TRUE(outcome.gone);
    EXPECT_EQ(outcome.error, "");
    EXPECT_THAT(node.executor->held(), IsEmpty());
    EXPECT_THAT(node.everything(),
                testing::Not(testing::Contains(testing::Key(HasSubstr("/run/units/")))));
}

TEST_F(HoldingMemory, a_full_queue_is_a_failed_step_that_leaves_no_trace) {
    std::vector<std::string> pods;
    for (std::size_t i = 0; i < executor::Worker::kMostQueued + 2; ++i) {
        pods.push_back(node.addPod("1-" + std::to_string(i)));
    }
    const auto last = pods.back();
    const auto before = node.everything();
    BlockedWrite blocked(*node.files, "memory.high");
    ASSERT_TRUE(node.carryOut({first(pods.front())}).front().pending);
    blocked.waitUntilEntered();
    for (std::size_t i = 1; i + 1 < pods.size(); ++i) {
        ASSERT_TRUE(node.carryOut({first(pods[i])}).front().pending);
    }
    const auto outcome = node.carryOut({first(last)}).front();
    EXPECT_FALSE(outcome.pending);
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr("queue of writes that may block is full"));
    EXPECT_EQ(node.attribute(last, Lever::memoryHigh), "");
    EXPECT_EQ(node.memoryHigh(last), "max\n");
    EXPECT_EQ(node.executor->held().size(), pods.size() - 1);
    const auto releaser = blocked.letGoLater();
    node.executor->undoAll("stop");
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, stop_cancels_what_waits_and_waits_for_the_running_write) {
    for (const bool isUnit : {false, true}) {
        const auto running = isUnit ? node.addUnitPod("3-3") : node.addPod("1-1");
        const auto waiting = isUnit ? node.addUnitPod("4-4") : node.addPod("2-2");
        const auto before = node.everything();
        {
            BlockedWrite blocked(*node.files, "memory.high");
            ASSERT_TRUE(node.carryOut({first(running)}).front().pending);
            blocked.waitUntilEntered();
            ASSERT_TRUE(node.carryOut({first(waiting), node.reclaim(running, 10)})[1].pending);
            const auto releaser = blocked.letGoLater();
            const auto outcomes = node.executor->undoAll("stop");
            EXPECT_EQ(blocked.writes(), 1) << "nothing that waited is written any more";
            ASSERT_EQ(outcomes.size(), 4U);
            EXPECT_THAT(outcomes[0].error, HasSubstr("cancelled"));
            EXPECT_THAT(outcomes[1].error, HasSubstr("cancelled"));
            EXPECT_TRUE(outcomes[2].done) << outcomes[2].error;
            EXPECT_EQ(outcomes[3].step.kind, StepKind::undo);
            EXPECT_EQ(outcomes[3].step.lever, Lever::memoryHigh);
            EXPECT_TRUE(outcomes[3].done) << outcomes[3].error;
        }
        node.files->failure = nullptr;
        EXPECT_EQ(node.everything(), before);
        EXPECT_THAT(node.executor->held(), IsEmpty());
        EXPECT_THAT(node.executor->takeFinished(), IsEmpty());
    }
}

TEST_F(HoldingMemory, stop_undoes_other_levers_before_it_waits_for_the_write) {
    const auto running = node.addUnitPod("1-1");
    const auto path = node.addUnitPod("2-2");
    const auto before = node.everything();
    for (const auto& pod : {running, path}) {
        ASSERT_TRUE(node.carryOutOne(node.throttle(pod, unlimited(), limit(50'000))).done);
    }
    {
        BlockedWrite blocked(*node.files, "memory.high");
        ASSERT_TRUE(node.carryOut({first(running)}).front().pending);
        blocked.waitUntilEntered();
        std::string whileItRan;
        const std::jthread releaser([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            whileItRan = node.cpuMax(path) + node.cpuMax(running);
            blocked.letGo();
        });
        node.executor->undoAll("stop");
        EXPECT_EQ(whileItRan, "max 100000\n50000 100000\n")
            << "of the same unit systemd would write into the middle";
    }
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, that_waits_is_cancelled_where_it_would_keep_cpu_max_from_being_undone) {
    const auto busy = node.addPod("1-1");
    const auto path = node.addUnitPod("2-2");
    const auto before = node.attribute(path, Lever::memoryHigh);
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    BlockedWrite blocked(*node.files, "memory.high");
    ASSERT_TRUE(node.carryOut({first(busy)}).front().pending);
    blocked.waitUntilEntered();
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    EXPECT_THAT(node.carryOut({node.throttle(path, limit(50'000), limit(40'000))}).front().error,
                HasSubstr("is being changed"));
    const auto undone = node.carryOut({node.backToBaseline(path, limit(50'000), unlimited())});
    EXPECT_TRUE(undone.front().done) << undone.front().error;
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.attribute(path, Lever::memoryHigh), before);
    const auto cancelled = node.nextFinished();
    EXPECT_EQ(cancelled.step.lever, Lever::memoryHigh);
    EXPECT_THAT(cancelled.error, HasSubstr("cancelled"));
    blocked.letGo();
    EXPECT_TRUE(node.nextFinished().done);
    EXPECT_EQ(blocked.writes(), 1);
}

TEST_F(HoldingMemory, that_waits_is_cancelled_by_its_own_undo) {
    const auto busy = node.addPod("1-1");
    const auto path = node.addPod("2-2");
    BlockedWrite blocked(*node.files, "memory.high");
    ASSERT_TRUE(node.carryOut({first(busy)}).front().pending);
    blocked.waitUntilEntered();
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    EXPECT_TRUE(node.carryOut({node.backToBaseline(path, noHigh(), noHigh())}).front().done);
    EXPECT_EQ(node.executor->held().size(), 1U);
    blocked.letGo();
}

TEST_F(HoldingMemory, an_executor_that_goes_leaves_nothing_that_the_next_one_cannot_undo) {
    const auto running = node.addUnitPod("1-1");
    const auto waiting = node.addPod("2-2");
    const auto before = node.everything();
    {
        BlockedWrite blocked(*node.files, "memory.high");
        ASSERT_TRUE(node.carryOut({first(running)}).front().pending);
        blocked.waitUntilEntered();
        ASSERT_TRUE(node.carryOut({first(waiting)}).front().pending);
        const auto releaser = blocked.letGoLater();
        node.executor.reset();
        EXPECT_EQ(blocked.writes(), 1);
    }
    node.restart();
    EXPECT_EQ(node.executor->undoLeftovers("left by an earlier run").size(), 2U);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, is_left_alone_while_a_write_to_it_is_under_way) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    {
        BlockedWrite blocked(*node.files, "memory.high");
        ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
        ASSERT_EQ(node.executor->held().size(), 1U);
        EXPECT_TRUE(node.executor->held()[0].changing);
        EXPECT_EQ(node.executor->held()[0].lever(), Lever::memoryHigh);
        blocked.waitUntilEntered();
        for (const auto& step : {node.throttle(path, noHigh(), high(80)),
                                 node.backToBaseline(path, noHigh(), noHigh()),
                                 node.throttle(path, unlimited(), limit(50'000))}) {
            EXPECT_THAT(node.carryOut({step}).front().error, HasSubstr("is being changed"));
        }
        EXPECT_EQ(node.systemd->changes, 0) << "systemd would write into the middle of it";
        blocked.letGo();
        EXPECT_TRUE(node.nextFinished().done);
    }
    node.files->failure = nullptr;
    EXPECT_FALSE(node.executor->held()[0].changing);
    node.executor->undoAll("stop");
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, does_not_keep_cpu_max_from_a_pod_that_is_no_unit) {
    const auto path = node.addPod("1-1");
    BlockedWrite blocked(*node.files, "memory.high");
    ASSERT_TRUE(node.carryOut({first(path)}).front().pending);
    blocked.waitUntilEntered();
    EXPECT_TRUE(node.carryOut({node.throttle(path, unlimited(), limit(50'000))}).front().done);
    blocked.letGo();
    EXPECT_TRUE(node.nextFinished().done);
    EXPECT_EQ(node.executor->held().size(), 2U);
}

/// Later, under TasksMax, there may be no thread to be had, and memory.high is lowered when the
/// node is in need.
TEST_F(HoldingMemory, has_its_thread_from_the_start) {
    const auto threads = [] {
        const std::filesystem::directory_iterator tasks("/proc/self/task");
        return std::distance(begin(tasks), end(tasks));
    };
    const auto before = threads();
    const executor::Worker worker(node.files);
    EXPECT_EQ(threads(), before + 1);
}

TEST_F(HoldingMemory, refuses_a_step_whose_values_are_another_levers) {
    const auto path = node.addPod("1-1");
    const auto before = node.everything();
    auto step = first(path);
    step.to = limit(50'000);
    EXPECT_THAT(node.carryOutOne(step).error, HasSubstr("not of memory.high"));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, raising_it_is_the_workers_too_where_the_usage_is_above) {
    const auto path = node.addPod("1-1");
    node.files->reclaims = false;
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    const auto raised = node.step(StepKind::restore, path, high(100), high(150));
    EXPECT_TRUE(node.carryOut({raised}).front().pending) << "the kernel reclaims in this, too";
    EXPECT_TRUE(node.nextFinished().done);
    EXPECT_EQ(node.memoryHigh(path), highText(150));
}

TEST_F(HoldingMemory, is_the_workers_where_the_usage_cannot_be_read) {
    const auto path = node.addPod("1-1");
    node.tree.remove(Node::kCgroups + path + "/memory.current");
    EXPECT_TRUE(node.carryOut({first(path)}).front().pending);
    EXPECT_TRUE(node.nextFinished().done);
}

TEST_F(HoldingMemory, is_not_the_workers_where_the_usage_is_below) {
    const auto path = node.addPod("1-1", "max 100000\n", highText(200));
    const auto before = node.everything();
    node.setUsage(path, 90);
    EXPECT_TRUE(node.carryOut({node.throttle(path, high(200), high(100))}).front().done);
    EXPECT_FALSE(
        node.carryOut({node.step(StepKind::restore, path, high(100), high(150))}).front().pending);
    EXPECT_EQ(node.memoryHigh(path), highText(150));
    ASSERT_EQ(node.executor->held().size(), 1U);
    EXPECT_EQ(node.executor->held()[0].baseline, high(200));
    EXPECT_EQ(node.executor->held()[0].firstUsage, (Resources{Millicores{800}, Bytes{300 * kMiB}}));
    EXPECT_TRUE(node.carryOut({node.backToBaseline(path, high(150), high(200))}).front().done);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingMemory, says_what_was_really_set_where_the_plan_was_finer_than_a_page) {
    for (const bool isUnit : {false, true}) {
        const auto path = addPodOrUnit(isUnit);
        const auto outcome =
            node.carryOutOne(node.throttle(path, noHigh(), MemoryHigh{Bytes{100 * kMiB + 17}}));
        EXPECT_TRUE(outcome.done) << outcome.error;
        EXPECT_EQ(outcome.step.to, high(100));
        EXPECT_EQ(outcome.writer, isUnit ? "systemd" : "file");
        EXPECT_EQ(node.memoryHigh(path), highText(100));
    }
}

TEST_F(HoldingMemory, survives_a_daemon_reload_and_leaves_what_is_beside_alone) {
    const auto path = node.addUnitPod("1-1");
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    EXPECT_EQ(node.tree.read(Node::kCgroups + path + "/memory.max"), "1073741824\n");
    EXPECT_EQ(node.tree.read(Node::kCgroups + path + "/cpu.weight"), "33\n");
    node.systemd->daemonReload();
    EXPECT_EQ(node.memoryHigh(path), highText(100));
}

TEST_F(HoldingMemory, counts_how_often_it_wrote_over_drift) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    node.setMemoryHigh(path, "max\n");
    EXPECT_TRUE(node.carryOutOne(node.step(StepKind::reapply, path, noHigh(), high(100))).done);
    EXPECT_EQ(node.executor->held()[0].reapplied, 1U);
    EXPECT_EQ(node.memoryHigh(path), highText(100));
}

TEST_F(HoldingMemory, lets_go_of_somebody_elses_value) {
    for (const bool isUnit : {false, true}) {
        const auto path = addPodOrUnit(isUnit);
        auto expected = node.everything();
        expected["/cgroup" + path + "/memory.high"] = highText(300);
        ASSERT_TRUE(node.carryOutOne(first(path)).done);
        node.setMemoryHigh(path, highText(300));
        EXPECT_FALSE(node.carryOutOne(node.throttle(path, high(100), high(80))).done);
        const auto outcome =
            node.carryOutOne(node.step(StepKind::yield, path, high(100), high(300)));
        EXPECT_TRUE(outcome.done) << outcome.error;
        EXPECT_EQ(node.everything(), expected);
    }
}

TEST_F(HoldingMemory, on_stop_leaves_a_value_that_somebody_set_through_systemd) {
    const auto path = node.addUnitPod("1-1");
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    node.systemd->setMemoryHigh(path, static_cast<std::uint64_t>(300 * kMiB));
    const auto outcome = node.executor->undoAll("stop").front();
    EXPECT_EQ(outcome.step.kind, StepKind::yield);
    EXPECT_EQ(outcome.step.to, high(300));
    node.systemd->daemonReload();
    EXPECT_EQ(node.memoryHigh(path), highText(300));
    EXPECT_EQ(node.attribute(path, Lever::memoryHigh), "");
}

/// Where the kernel does not get the usage down, PID 1's write would reclaim once more.
class NotTellingSystemd : public HoldingMemory {
protected:
    NotTellingSystemd() { node.files->reclaims = false; }
    /// To 100 MiB in the file; the usage stays at 400 MiB.
    std::string addUntold() {
        const auto path = node.addUnitPod("1-1");
        const auto outcome = node.carryOutOne(first(path));
        EXPECT_TRUE(outcome.done) << outcome.error;
        EXPECT_THAT(outcome.step.reason, HasSubstr("systemd is told when it no longer is"));
        return path;
    }
    std::uint64_t property(const std::string& path) {
        return node.systemd->units.at(path).memory.amount;
    }
    void stepTo(const std::string& path, double from, double to) {
        EXPECT_TRUE(node.carryOutOne(node.throttle(path, high(from), high(to))).done);
    }
};

TEST_F(NotTellingSystemd, while_the_usage_is_above_and_then_once) {
    const auto path = addUntold();
    node.carryOut({});
    EXPECT_EQ(node.systemd->changes, 0);
    EXPECT_EQ(node.memoryHigh(path), highText(100));
    node.setUsage(path, 100);
    node.carryOut({});
    node.carryOut({});
    EXPECT_EQ(node.systemd->changes, 1);
    node.systemd->daemonReload();
    EXPECT_EQ(node.memoryHigh(path), highText(100));
}

TEST_F(NotTellingSystemd, is_gone_on_with_while_systemd_does_not_answer) {
    const auto path = addUntold();
    const auto before = node.everything();
    node.setUsage(path, 100);
    node.systemd->available = false;
    node.carryOut({});
    EXPECT_EQ(node.everything(), before);
    node.systemd->available = true;
    node.carryOut({});
    EXPECT_EQ(property(path), static_cast<std::uint64_t>(100 * kMiB));
}

TEST_F(NotTellingSystemd, keeps_the_file_where_systemd_denies_and_the_way_back_would_block) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.files->reclaims = true;
    ASSERT_TRUE(node.carryOutOne(first(path)).done);
    node.setUsage(path, 400);
    node.systemd->denies = true;
    const auto raised = node.carryOutOne(node.step(StepKind::restore, path, high(100), high(150)));
    EXPECT_EQ(raised.error, "");
    EXPECT_EQ(node.memoryHigh(path), highText(150));
    node.systemd->denies = false;
    node.executor->undoAll("stop");
    EXPECT_EQ(node.everything(), before);
}

TEST_F(NotTellingSystemd, keeps_other_levers_from_what_would_write_the_old_value) {
    const auto path = addUntold();
    const auto cpu = node.throttle(path, unlimited(), limit(50'000));
    EXPECT_THAT(node.carryOutOne(cpu).error, HasSubstr("not told of its memory.high yet"));
    node.setUsage(path, 100);
    EXPECT_TRUE(node.carryOutOne(cpu).done);
    EXPECT_EQ(node.memoryHigh(path), highText(100));
}

TEST_F(NotTellingSystemd, tells_the_value_that_stands_when_the_next_step_failed) {
    const auto path = addUntold();
    stepTo(path, 100, 80);
    node.files->failure = [](std::string_view operation, const std::string& file) {
        return operation == "write" && file == "memory.high" ? EBUSY : 0;
    };
    EXPECT_FALSE(node.carryOutOne(node.throttle(path, high(80), high(60))).done);
    node.files->failure = nullptr;
    node.setUsage(path, 50);
    node.carryOut({});
    EXPECT_EQ(property(path), static_cast<std::uint64_t>(80 * kMiB));
    EXPECT_EQ(node.memoryHigh(path), highText(80));
}

TEST_F(NotTellingSystemd, leaves_somebody_elses_value_that_came_meanwhile) {
    const auto path = addUntold();
    node.setMemoryHigh(path, highText(300));
    node.setUsage(path, 50);
    node.carryOut({});
    EXPECT_EQ(node.memoryHigh(path), highText(300));
    EXPECT_EQ(node.systemd->changes, 0);
}

TEST_F(NotTellingSystemd, after_several_steps_knows_the_value_that_systemd_has_as_its_own) {
    for (const bool isYield : {false, true}) {
        const auto path = node.addUnitPod(isYield ? "1-1" : "2-2");
        auto expected = node.everything();
        node.setUsage(path, 100);
        ASSERT_TRUE(node.carryOutOne(first(path)).done);
        node.setUsage(path, 400);
        stepTo(path, 100, 80);
        stepTo(path, 80, 60);
        stepTo(path, 60, 50);
        ASSERT_EQ(property(path), static_cast<std::uint64_t>(100 * kMiB));
        if (isYield) {
            node.setMemoryHigh(path, highText(300));
            expected["/cgroup" + path + "/memory.high"] = highText(300);
        } else {
            node.setMemoryHigh(path, highText(100)); // as a daemon-reload does
            node.restart();
        }
        isYield ? node.executor->undoAll("stop") : node.executor->undoLeftovers("left");
        EXPECT_EQ(node.everything(), expected);
    }
}

class HoldingByTwoLevers : public NodeTest {
protected:
    /// A unit whose limits are finer than systemd's, by hand, or have files of systemd's.
    std::string addOddUnit(const std::string& uid, bool transient) {
        return node.addUnitPod(uid, "12345 100000\n", {Lever::cpuMax, 130'000, 100'000}, transient,
                               highText(200), static_cast<std::uint64_t>(500 * kMiB));
    }
    void throttleCpu(const std::string& path, const CpuMax& from = unlimited()) {
        const auto outcome = node.carryOutOne(node.throttle(path, from, limit(5'000)));
        ASSERT_TRUE(outcome.done) << outcome.error;
    }
    void throttleMemory(const std::string& path, const MemoryHigh& from = noHigh()) {
        const auto outcome = node.carryOutOne(node.throttle(path, from, high(100)));
        ASSERT_TRUE(outcome.done) << outcome.error;
    }
};

TEST_F(HoldingByTwoLevers, each_keeps_its_value_when_the_other_is_set) {
    for (const bool cpuFirst : {false, true}) {
        const auto path = addOddUnit(cpuFirst ? "1-1" : "2-2", true);
        if (cpuFirst) {
            throttleCpu(path, limit(12'345));
            throttleMemory(path, high(200));
        } else {
            throttleMemory(path, high(200));
            throttleCpu(path, limit(12'345));
        }
        EXPECT_EQ(node.cpuMax(path), "5000 100000\n");
        EXPECT_EQ(node.memoryHigh(path), highText(100));
        node.systemd->daemonReload();
        EXPECT_EQ(node.cpuMax(path), "5000 100000\n");
        EXPECT_EQ(node.memoryHigh(path), highText(100));
    }
    EXPECT_EQ(node.executor->held().size(), 4U);
}

TEST_F(HoldingByTwoLevers, a_value_by_hand_of_the_one_survives_a_change_of_the_other) {
    const auto path = addOddUnit("1-1", false);
    throttleMemory(path, high(200));
    EXPECT_EQ(node.cpuMax(path), "12345 100000\n");
    ASSERT_TRUE(node.carryOutOne(node.backToBaseline(path, high(100), high(200))).done);
    throttleCpu(path, limit(12'345));
    EXPECT_EQ(node.memoryHigh(path), highText(200));
}

TEST_F(HoldingByTwoLevers, are_undone_independently_and_in_any_order) {
    int uid = 0;
    for (const bool isUnit : {false, true}) {
        for (const bool transient : {false, true}) {
            for (const bool cpuFirst : {false, true}) {
                for (const bool cpuBackFirst : {false, true}) {
                    const auto name = "1-" + std::to_string(++uid);
                    const auto path = isUnit ? addOddUnit(name, transient)
                                             : node.addPod(name, "12345 100000\n", highText(200));
                    const auto before = node.everything();
                    const auto cpu = node.throttle(path, limit(12'345), limit(5'000));
                    const auto memory = node.throttle(path, high(200), high(100));
                    ASSERT_TRUE(node.carryOutOne(cpuFirst ? cpu : memory).done);
                    ASSERT_TRUE(node.carryOutOne(cpuFirst ? memory : cpu).done);
                    const auto cpuBack = node.backToBaseline(path, limit(5'000), limit(12'345));
                    const auto memoryBack = node.backToBaseline(path, high(100), high(200));
                    ASSERT_TRUE(node.carryOutOne(cpuBackFirst ? cpuBack : memoryBack).done);
                    EXPECT_EQ(node.cpuMax(path), cpuBackFirst ? "12345 100000\n" : "5000 100000\n");
                    EXPECT_EQ(node.memoryHigh(path), highText(cpuBackFirst ? 100 : 200));
                    ASSERT_EQ(node.executor->held().size(), 1U);
                    ASSERT_TRUE(node.carryOutOne(cpuBackFirst ? memoryBack : cpuBack).done);
                    EXPECT_EQ(node.everything(), before) << path;
                }
            }
        }
    }
}

TEST_F(HoldingByTwoLevers, somebody_elses_value_of_the_one_is_not_the_others_business) {
    const auto path = node.addUnitPod("1-1");
    auto expected = node.everything();
    throttleCpu(path);
    throttleMemory(path);
    node.setMemoryHigh(path, highText(300));
    const auto outcomes = node.executor->undoAll("stop");
    ASSERT_EQ(outcomes.size(), 2U);
    expected["/cgroup" + path + "/memory.high"] = highText(300);
    EXPECT_EQ(node.everything(), expected);
}

TEST_F(HoldingByTwoLevers, what_a_call_in_doubt_noted_does_not_take_back_the_other) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->late = true;
    ASSERT_FALSE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.systemd->finishLate();
    // The late call wrote memory.max; memory.high is no other than before.
    throttleMemory(path);
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, limit(50'000), limit(40'000))).done);
    EXPECT_EQ(node.memoryHigh(path), highText(100));
    node.restart();
    EXPECT_EQ(node.executor->undoLeftovers("left by an earlier run").size(), 2U);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingByTwoLevers, what_a_call_in_doubt_wrote_is_no_baseline_of_the_other) {
    const auto path = addOddUnit("1-1", false);
    const auto before = node.everything();
    node.systemd->late = true;
    ASSERT_FALSE(node.carryOutOne(node.throttle(path, limit(12'345), limit(5'000))).done);
    node.systemd->finishLate();
    ASSERT_EQ(node.memoryHigh(path), highText(500)) << "systemd's idea";
    EXPECT_THAT(node.carryOutOne(node.throttle(path, high(500), high(100))).error,
                StartsWith("changed since it was read"));
    EXPECT_EQ(node.memoryHigh(path), highText(200));
    throttleMemory(path, high(200));
    node.executor->undoAll("stop");
    EXPECT_EQ(node.everything(), before);
}

TEST_F(HoldingByTwoLevers, both_go_when_the_cgroup_does) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    throttleCpu(path);
    throttleMemory(path);
    const auto step = node.throttle(path, limit(5'000), limit(4'000));
    node.systemd->stop(path);
    EXPECT_TRUE(node.carryOutOne(step).gone);
    EXPECT_THAT(node.executor->held(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")));
    EXPECT_THAT(node.everything(),
                testing::Not(testing::Contains(testing::Key(HasSubstr("/run/units/")))));
}

class Reclaiming : public NodeTest {
protected:
    /// The kernel takes `mebibytes` away and answers with `code`.
    void kernelReclaims(const std::string& path, double mebibytes, int code) {
        node.files->failure = [this, path, mebibytes, code](std::string_view operation,
                                                            const std::string& file) {
            if (operation != "write" || file != "memory.reclaim") {
                return 0;
            }
            node.tree.write(Node::kCgroups + path + "/memory.current", highText(400 - mebibytes));
            return code;
        };
    }
};

TEST_F(Reclaiming, on_a_kernel_without_it_is_said_in_one_sentence) {
    const auto path = node.addPod("1-1");
    node.tree.remove(Node::kCgroups + path + "/memory.reclaim");
    const auto outcome = node.carryOutOne(node.reclaim(path, 100));
    EXPECT_FALSE(outcome.done);
    EXPECT_FALSE(outcome.gone);
    EXPECT_THAT(outcome.error, HasSubstr("has no memory.reclaim: it takes Linux 5.19 or later"));
}

TEST_F(Reclaiming, of_less_than_was_asked_for_is_no_error_and_the_amount_is_the_true_one) {
    const auto path = node.addPod("1-1");
    kernelReclaims(path, 30, EAGAIN);
    const auto outcome = node.carryOutOne(node.reclaim(path, 100));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.step.amount, Bytes{30 * kMiB});
    EXPECT_EQ(outcome.step.expected.memory, Bytes{100 * kMiB});
}

TEST_F(Reclaiming, of_a_pod_that_grew_meanwhile_is_none) {
    const auto path = node.addPod("1-1");
    kernelReclaims(path, -20, EAGAIN);
    EXPECT_EQ(node.carryOutOne(node.reclaim(path, 100)).step.amount, Bytes{0});
}

TEST_F(Reclaiming, that_the_kernel_refuses_is_an_error) {
    const auto path = node.addPod("1-1");
    kernelReclaims(path, 0, EINVAL);
    const auto outcome = node.carryOutOne(node.reclaim(path, 100));
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr(std::strerror(EINVAL)));
}

TEST_F(Reclaiming, writes_the_bytes_once_and_leaves_nothing_behind) {
    const auto path = node.addUnitPod("1-1");
    auto expected = node.everything();
    const auto pending = node.carryOut({node.reclaim(path, 100)}).front();
    EXPECT_TRUE(pending.pending);
    EXPECT_FALSE(pending.done);
    const auto outcome = node.nextFinished();
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_FALSE(outcome.pending);
    EXPECT_THAT(node.executor->held(), IsEmpty());
    expected["/cgroup" + path + "/memory.reclaim"] = "104857600";
    EXPECT_EQ(node.everything(), expected);
    EXPECT_EQ(node.systemd->changes, 0);
}

/// A pipe that is full keeps the writer in the kernel until a signal comes, as a reclaim does.
class EndlessReclaim : public Reclaiming {
protected:
    EndlessReclaim() {
        const auto file = node.absolute(path) + "/memory.reclaim";
        std::filesystem::remove(file);
        EXPECT_EQ(::mkfifo(file.c_str(), S_IRUSR | S_IWUSR), 0);
        pipe = cgroup::Descriptor(::open(file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        const std::string block(4096, 'x');
        while (::write(pipe.get(), block.data(), block.size()) > 0) {
        }
        EXPECT_TRUE(node.carryOut({node.reclaim(path, 100)}).front().pending);
    }
    std::string path = node.addPod("1-1");
    cgroup::Descriptor pipe;
};

TEST_F(EndlessReclaim, is_ended_by_a_stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // until the worker is in it
    const auto outcomes = node.executor->undoAll("stop");
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].done) << outcomes[0].error;
    EXPECT_EQ(outcomes[0].step.amount, Bytes{0});
}

TEST_F(EndlessReclaim, is_ended_when_the_executor_goes) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    node.executor.reset();
}

TEST_F(Reclaiming, happens_to_a_pod_once_at_a_time) {
    const auto path = node.addPod("1-1");
    BlockedWrite blocked(*node.files, "memory.reclaim");
    ASSERT_TRUE(node.carryOut({node.reclaim(path, 100)}).front().pending);
    blocked.waitUntilEntered();
    const auto waiting = node.addPod("2-2");
    ASSERT_TRUE(node.carryOut({node.reclaim(waiting, 100)}).front().pending);
    EXPECT_THAT(node.carryOut({node.reclaim(path, 100)}).front().error,
                HasSubstr("being reclaimed already"));
    EXPECT_THAT(node.executor->reclaiming(), testing::ElementsAre(node.pod(path)->cgroup.inode,
                                                                  node.pod(waiting)->cgroup.inode));
    blocked.letGo();
    EXPECT_TRUE(node.nextFinished().done);
    EXPECT_TRUE(node.nextFinished().done);
    EXPECT_THAT(node.executor->reclaiming(), IsEmpty());
    EXPECT_TRUE(node.carryOutOne(node.reclaim(path, 100)).done);
}

TEST_F(Reclaiming, of_a_cgroup_that_vanished_is_gone) {
    const auto path = node.addPod("1-1");
    BlockedWrite blocked(*node.files, "memory.reclaim");
    blocked.failWith(ENODEV);
    ASSERT_TRUE(node.carryOut({node.reclaim(path, 100)}).front().pending);
    blocked.waitUntilEntered();
    node.tree.remove(Node::kCgroups + path);
    blocked.letGo();
    const auto outcome = node.nextFinished();
    EXPECT_TRUE(outcome.gone);
    EXPECT_EQ(outcome.error, "");
}

class StepsOfTheCluster : public NodeTest {};

TEST_F(StepsOfTheCluster, are_passed_over) {
    const auto path = node.addPod("1-1");
    const auto before = node.everything();
    EXPECT_TRUE(
        node.carryOut({{.kind = StepKind::evict, .lever = Lever::eviction, .pod = node.pod(path)},
                       {.kind = StepKind::closeNode, .lever = Lever::scheduling}})
            .empty());
    EXPECT_EQ(node.everything(), before);
}

} // namespace
} // namespace plimsoll::test
