// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/collector.hpp"
#include "tests/unit/support/allocations.hpp"
#include "tests/unit/support/fake_tree.hpp"
#include "tests/unit/support/real_cgroup.hpp"

#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;
using test::FakeCgroup;
using test::FakeTree;

const std::string kId(64, 'a');

MonotonicTime at(std::chrono::nanoseconds time) {
    return MonotonicTime(1h + time);
}

class CollectorOnFakeTree : public testing::Test {
protected:
    CollectorOnFakeTree() {
        tree_.writeProc(1000, 1000);
        tree_.writeCgroup(pod_, {.usageMicroseconds = 1'000'000});
        tree_.writeCgroup(container_, {.usageMicroseconds = 400'000});
        collector_ = std::make_unique<Collector>(sources());
    }

    [[nodiscard]] Sources sources() const {
        return {.procRoot = tree_.path("proc"),
                .layout = {.mount = tree_.root(),
                           .kubepods = CgroupPath("/kubepods.slice"),
                           .driver = cgroup::Driver::systemd}};
    }
    std::shared_ptr<const Snapshot> collect(std::chrono::nanoseconds time) {
        return collector_->collect(at(time));
    }

    FakeTree tree_;
    const std::string pod_ = test::systemdPodPath("besteffort", "1-1");
    const std::string container_ = pod_ + "/cri-containerd-" + kId + ".scope";
    std::unique_ptr<Collector> collector_;
};

template <class T>
void expectUnknown(const Reading<T>& reading, Unknown why) {
    ASSERT_FALSE(reading.has_value());
    EXPECT_EQ(reading.error(), why);
}

TEST_F(CollectorOnFakeTree, first_snapshot_has_levels_and_no_rates) {
    const auto snapshot = collect(0s);
    EXPECT_EQ(snapshot->at, at(0s));
    EXPECT_EQ(snapshot->tick, 1U);
    expectUnknown(snapshot->node.cpuUsage, Unknown::notYet);
    EXPECT_EQ(snapshot->node.onlineCpus, 2U);
    EXPECT_EQ(snapshot->node.memoryTotal, Bytes{8'000'000.0 * 1024});
    EXPECT_EQ(snapshot->node.memoryUsage, Bytes{2'000'000.0 * 1024});
    EXPECT_EQ(snapshot->node.memoryUtilization, Percent{25});
    EXPECT_TRUE(snapshot->node.pressure.cpu && snapshot->node.pressure.memory &&
                snapshot->node.pressure.io);
    ASSERT_EQ(snapshot->pods.size(), 1U);
    const PodSample& pod = snapshot->pods[0];
    EXPECT_EQ(pod.pod->uid.value, "1-1");
    expectUnknown(pod.cpuUsage, Unknown::notYet);
    EXPECT_EQ(pod.memoryWorkingSet, Bytes{20971520.0 - 4194304});
    EXPECT_EQ(pod.cpuMax, (CpuMax{}));
    EXPECT_TRUE(pod.pressure.cpu && pod.pressure.memory && pod.pressure.io);
    ASSERT_EQ(pod.containers.size(), 1U);
    EXPECT_EQ(pod.containers[0].container->id.value, kId);
    expectUnknown(pod.containers[0].cpuUsage, Unknown::notYet);
}

TEST_F(CollectorOnFakeTree, rates_are_millicores_over_the_time_that_passed) {
    collect(0s);
    tree_.writeProc(1100, 1300);
    tree_.writeCgroup(pod_, {.usageMicroseconds = 4'000'000, .cpuMax = "180000 100000\n"});
    tree_.writeCgroup(container_, {.usageMicroseconds = 1'400'000});
    const auto snapshot = collect(2s); // a tick was missed
    EXPECT_EQ(snapshot->tick, 2U);
    EXPECT_DOUBLE_EQ(snapshot->node.cpuUtilization->value, 25);
    EXPECT_DOUBLE_EQ(snapshot->node.cpuUsage->value, 500);
    EXPECT_DOUBLE_EQ(snapshot->pods[0].cpuUsage->value, 1500);
    EXPECT_DOUBLE_EQ(snapshot->pods[0].containers[0].cpuUsage->value, 500);
    EXPECT_EQ(snapshot->pods[0].cpuMax, (CpuMax{Microseconds{180'000}, Microseconds{100'000}}));
}

TEST_F(CollectorOnFakeTree, throttling_memory_high_and_stalled_time_are_those_of_the_last_tick) {
    tree_.writeCgroup(pod_, {.periods = 100, .throttledPeriods = 10, .highEvents = 7});
    const auto first = collect(0s);
    expectUnknown(first->pods[0].cpuThrottled, Unknown::notYet);
    expectUnknown(first->pods[0].memoryHighEvents, Unknown::notYet);
    expectUnknown(first->pods[0].stalled.memorySome, Unknown::notYet);
    EXPECT_EQ(first->pods[0].memoryHigh, MemoryHigh{});
    EXPECT_EQ(first->pods[0].memoryCurrent, Bytes{20971520});

    const std::string pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n"
                                 "full avg10=0.00 avg60=0.00 avg300=0.00 total=100000\n";
    tree_.writeCgroup(pod_, {.pressure = pressure,
                             .periods = 120,
                             .throttledPeriods = 15,
                             .memoryHigh = "52428800\n",
                             .highEvents = 17});
    tree_.write("proc/pressure/io", pressure);
    const auto snapshot = collect(2s);
    const PodSample& pod = snapshot->pods[0];
    EXPECT_EQ(pod.cpuThrottled, Percent{25});
    EXPECT_EQ(pod.memoryHigh, MemoryHigh{Bytes{52428800}});
    EXPECT_EQ(pod.memoryHighEvents, 5.0);
    EXPECT_EQ(pod.stalled.memorySome, Percent{25});
    EXPECT_EQ(pod.stalled.ioFull, Percent{5});
    EXPECT_EQ(snapshot->node.stalled.ioSome, Percent{25});
    EXPECT_EQ(snapshot->node.stalled.ioFull, Percent{5});
    EXPECT_EQ(snapshot->node.stalled.cpuSome, Percent{0});
}

TEST_F(CollectorOnFakeTree, load_disks_and_interfaces_are_the_nodes) {
    const auto first = collect(0s);
    EXPECT_EQ(first->node.load, (LoadSample{0.5, 1.25, 2}));
    ASSERT_EQ(first->node.disks.size(), 1U);
    expectUnknown(first->node.disks[0].readIops, Unknown::notYet);
    tree_.write("proc/diskstats", "   8       0 sda 0 0 0 0 1 0 2048 0 0 10 0\n");
    tree_.write("proc/net/dev",
                test::interfaceHeadings() + "  eth0: 0 0 0 0 0 0 0 0 125 0 0 0 0 0 0 0\n");
    const auto snapshot = collect(1s);
    EXPECT_EQ(snapshot->node.disks[0].name, "sda");
    EXPECT_EQ(snapshot->node.disks[0].writeKibps, 1024.0);
    EXPECT_EQ(snapshot->node.disks[0].utilization, Percent{1});
    ASSERT_EQ(snapshot->node.interfaces.size(), 1U);
    EXPECT_EQ(snapshot->node.interfaces[0].name, "eth0");
    EXPECT_EQ(snapshot->node.interfaces[0].sendKbps, 1.0);
}

TEST_F(CollectorOnFakeTree, custom_samples_go_into_the_snapshot_and_are_not_kept_for_the_next) {
    const auto custom = std::make_shared<const CustomSamples>(
        CustomSamples{.metrics = {{.name = "queue_length", .series = {}}}, .problems = {}});
    EXPECT_EQ(collector_->collect(at(0s), custom)->custom, custom);
    for (int tick = 1; tick < 4; ++tick) { // a snapshot's buffers come round again
        EXPECT_EQ(collect(std::chrono::seconds(tick))->custom, noCustomSamples());
    }
}

TEST_F(CollectorOnFakeTree, group_made_again_starts_anew) {
    const auto before = collect(0s);
    tree_.recreateCgroup(pod_, {.usageMicroseconds = 9'000'000});
    const auto snapshot = collect(1s);
    ASSERT_EQ(snapshot->pods.size(), 1U);
    EXPECT_NE(snapshot->pods[0].pod, before->pods[0].pod);
    EXPECT_FALSE(snapshot->pods[0].pod->cgroup == before->pods[0].pod->cgroup);
    expectUnknown(snapshot->pods[0].cpuUsage, Unknown::notYet);
    EXPECT_TRUE(snapshot->pods[0].containers.empty());
}

TEST_F(CollectorOnFakeTree, identity_and_rates_survive_the_neighbours) {
    const auto before = collect(0s);
    for (const char* uid : {"0-0", "2-2"}) {
        tree_.writeCgroup(test::systemdPodPath("besteffort", uid));
    }
    tree_.writeCgroup(pod_, {.usageMicroseconds = 1'500'000});
    const auto snapshot = collect(1s);
    ASSERT_EQ(snapshot->pods.size(), 3U);
    EXPECT_EQ(snapshot->pods[1].pod, before->pods[0].pod);
    EXPECT_DOUBLE_EQ(snapshot->pods[1].cpuUsage->value, 500);
    tree_.remove(test::systemdPodPath("besteffort", "0-0"));
    tree_.writeCgroup(pod_, {.usageMicroseconds = 1'750'000});
    const auto after = collect(2s);
    ASSERT_EQ(after->pods.size(), 2U);
    EXPECT_EQ(after->pods[0].pod, before->pods[0].pod);
    EXPECT_DOUBLE_EQ(after->pods[0].cpuUsage->value, 250);
}

TEST_F(CollectorOnFakeTree, counter_reset_is_unknown_for_one_tick) {
    collect(0s);
    tree_.writeCgroup(pod_, {.usageMicroseconds = 10});
    expectUnknown(collect(1s)->pods[0].cpuUsage, Unknown::reset);
    tree_.writeCgroup(pod_, {.usageMicroseconds = 100'010});
    EXPECT_DOUBLE_EQ(collect(2s)->pods[0].cpuUsage->value, 100);
}

TEST_F(CollectorOnFakeTree, garbage_is_unreadable_and_reported_and_the_rate_comes_back) {
    collect(0s);
    EXPECT_FALSE(collector_->trouble());
    tree_.write(pod_ + "/cpu.stat", "usage_usec -5\n");
    tree_.write(pod_ + "/cpu.max", "what\n");
    tree_.write(pod_ + "/memory.stat", "anon 1\n");
    tree_.write(pod_ + "/memory.high", "-1\n");
    tree_.write(pod_ + "/memory.events", "low 0\n");
    tree_.write(pod_ + "/io.pressure", "some avg10=nan avg60=0.00 avg300=0.00 total=0\n");
    tree_.write("proc/stat", "cpu nonsense\n");
    tree_.write("proc/loadavg", "much\n");
    tree_.write("proc/meminfo", "MemTotal: 0 kB\nMemAvailable: 0 kB\n");
    const auto snapshot = collect(1s);
    ASSERT_EQ(snapshot->pods.size(), 1U);
    expectUnknown(snapshot->pods[0].cpuUsage, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].cpuMax, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].memoryWorkingSet, Unknown::unreadable);
    EXPECT_EQ(snapshot->pods[0].memoryCurrent, Bytes{20971520}) << "does not need memory.stat";
    expectUnknown(snapshot->pods[0].cpuThrottled, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].memoryHigh, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].memoryHighEvents, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].pressure.io, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].stalled.ioSome, Unknown::unreadable);
    expectUnknown(snapshot->pods[0].stalled.ioFull, Unknown::unreadable);
    EXPECT_TRUE(snapshot->pods[0].pressure.cpu);
    expectUnknown(snapshot->node.cpuUsage, Unknown::unreadable);
    expectUnknown(snapshot->node.memoryUtilization, Unknown::unreadable);
    expectUnknown(snapshot->node.load, Unknown::unreadable);
    ASSERT_TRUE(collector_->trouble());
    EXPECT_EQ(collector_->trouble()->code, EBADMSG);

    tree_.writeCgroup(pod_, {.usageMicroseconds = 2'000'000});
    tree_.writeProc(1100, 1100);
    const auto after = collect(2s);
    EXPECT_DOUBLE_EQ(after->pods[0].cpuUsage->value, 500) << "over both ticks";
    EXPECT_DOUBLE_EQ(after->node.cpuUtilization->value, 50);
    EXPECT_FALSE(collector_->trouble());
}

TEST_F(CollectorOnFakeTree, missing_files_are_missing_and_no_trouble) {
    const std::string bare = test::systemdPodPath("burstable", "7-7");
    tree_.write(bare + "/cpu.stat", "usage_usec 5\nuser_usec 2\nsystem_usec 3\n"); // no controllers
    for (const char* file : {"pressure", "loadavg", "diskstats", "net"}) {
        tree_.remove("proc/" + std::string(file));
    }
    collector_ = std::make_unique<Collector>(sources());
    const auto snapshot = collect(0s);
    ASSERT_EQ(snapshot->pods.size(), 2U);
    const PodSample& pod = snapshot->pods[1];
    expectUnknown(pod.cpuUsage, Unknown::notYet);
    expectUnknown(pod.cpuMax, Unknown::missing);
    expectUnknown(pod.memoryWorkingSet, Unknown::missing);
    expectUnknown(pod.cpuThrottled, Unknown::missing);
    expectUnknown(pod.memoryCurrent, Unknown::missing);
    expectUnknown(pod.memoryHigh, Unknown::missing);
    expectUnknown(pod.memoryHighEvents, Unknown::missing);
    expectUnknown(pod.pressure.cpu, Unknown::missing);
    expectUnknown(pod.stalled.cpuSome, Unknown::missing);
    expectUnknown(snapshot->node.pressure.memory, Unknown::missing);
    expectUnknown(snapshot->node.stalled.memoryFull, Unknown::missing);
    expectUnknown(snapshot->node.load, Unknown::missing);
    EXPECT_TRUE(snapshot->node.disks.empty());
    EXPECT_TRUE(snapshot->node.interfaces.empty());
    EXPECT_FALSE(collector_->trouble());
}

TEST_F(CollectorOnFakeTree, without_proc_and_kubepods_nothing_is_known_and_it_says_so) {
    const FakeTree empty;
    Collector collector({.procRoot = empty.path("proc"),
                         .layout = {.mount = empty.root(), .kubepods = CgroupPath("/kubepods")}});
    const auto snapshot = collector.collect(at(0s));
    EXPECT_TRUE(snapshot->pods.empty());
    expectUnknown(snapshot->node.cpuUsage, Unknown::unreadable);
    expectUnknown(snapshot->node.memoryUsage, Unknown::unreadable);
    expectUnknown(snapshot->node.pressure.cpu, Unknown::unreadable);
    EXPECT_TRUE(collector.trouble());
}

TEST_F(CollectorOnFakeTree, working_set_is_never_negative) {
    tree_.writeCgroup(pod_, {.memoryCurrent = "4096\n", .inactiveFile = 8192});
    EXPECT_EQ(collect(0s)->pods[0].memoryWorkingSet, Bytes{0});
}

TEST_F(CollectorOnFakeTree, working_set_of_a_container_is_at_once_there_and_at_most_8_ticks_old) {
    EXPECT_EQ(collect(0s)->pods[0].containers[0].memoryWorkingSet, Bytes{20971520.0 - 4194304});
    tree_.writeCgroup(container_, {.memoryCurrent = "8192\n", .inactiveFile = 4096});
    std::shared_ptr<const Snapshot> snapshot;
    for (int tick = 1; tick <= 8; ++tick) {
        snapshot = collect(std::chrono::seconds(tick));
    }
    EXPECT_EQ(snapshot->pods[0].containers[0].memoryWorkingSet, Bytes{4096});
}

TEST_F(CollectorOnFakeTree, two_ticks_at_one_moment_give_no_infinite_rate) {
    collect(0s);
    tree_.writeCgroup(pod_, {.usageMicroseconds = 5'000'000});
    const auto snapshot = collect(0s);
    expectUnknown(snapshot->pods[0].cpuUsage, Unknown::stale);
    expectUnknown(snapshot->node.cpuUsage, Unknown::stale);
}

TEST_F(CollectorOnFakeTree, too_many_open_files_is_unreadable_says_so_and_passes) {
    for (int pod = 10; pod < 20; ++pod) {
        tree_.writeCgroup(test::systemdPodPath("burstable", std::to_string(pod)));
    }
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ::close(next);
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next) + 40, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    Collector& collector = *collector_;
    const auto snapshot = collector.collect(at(0s));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(snapshot->pods.size(), 11U);
    const PodSample& last = snapshot->pods.back();
    expectUnknown(last.cpuUsage, Unknown::unreadable);
    expectUnknown(last.cpuThrottled, Unknown::unreadable);
    expectUnknown(last.memoryCurrent, Unknown::unreadable);
    expectUnknown(last.memoryHigh, Unknown::unreadable);
    expectUnknown(last.memoryHighEvents, Unknown::unreadable);
    expectUnknown(last.stalled.memoryFull, Unknown::unreadable);
    ASSERT_TRUE(collector.trouble());
    EXPECT_EQ(collector.trouble()->code, EMFILE);
    EXPECT_THAT(collector.trouble()->what, testing::HasSubstr("LimitNOFILE"));
    for (int tick = 1; tick < 200; ++tick) { // listed anew, and the files waited for
        collect(std::chrono::seconds(tick));
    }
    EXPECT_FALSE(collector.trouble());
}

TEST_F(CollectorOnFakeTree, pod_whose_directory_cannot_be_opened_has_nothing_of_another_pod) {
    for (int tick = 0; tick < 8; ++tick) { // every snapshot that is used again has values
        collect(std::chrono::seconds(tick));
    }
    tree_.writeCgroup(test::systemdPodPath("besteffort", "0-0"));
    Collector& collector = *collector_; // UBSan looks at members of the test through a pipe
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto snapshot = collector.collect(at(8s));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_EQ(snapshot->pods.size(), 2U);
    const PodSample& pod = snapshot->pods[0];
    EXPECT_EQ(pod.pod->uid.value, "0-0");
    expectUnknown(pod.cpuUsage, Unknown::unreadable);
    expectUnknown(pod.cpuMax, Unknown::unreadable);
    expectUnknown(pod.cpuThrottled, Unknown::unreadable);
    expectUnknown(pod.memoryWorkingSet, Unknown::unreadable);
    expectUnknown(pod.memoryCurrent, Unknown::unreadable);
    expectUnknown(pod.memoryHigh, Unknown::unreadable);
    expectUnknown(pod.memoryHighEvents, Unknown::unreadable);
    for (const auto& pressure : {pod.pressure.cpu, pod.pressure.memory, pod.pressure.io}) {
        expectUnknown(pressure, Unknown::unreadable);
    }
    const StalledSet& stalled = pod.stalled;
    for (const auto& share : {stalled.cpuSome, stalled.cpuFull, stalled.memorySome,
                              stalled.memoryFull, stalled.ioSome, stalled.ioFull}) {
        expectUnknown(share, Unknown::unreadable);
    }
    EXPECT_TRUE(pod.containers.empty());
    EXPECT_TRUE(snapshot->pods[1].cpuUsage) << "its files are open";
    ASSERT_TRUE(collector.trouble());
    EXPECT_EQ(collector.trouble()->code, EMFILE);
}

TEST_F(CollectorOnFakeTree, proc_stat_longer_than_the_buffer_is_read_whole) {
    std::string stat = "cpu  100 0 0 100 0 0 0 0 0 0\n";
    for (int cpu = 0; cpu < 1000; ++cpu) {
        stat += "cpu" + std::to_string(cpu) + " 100 0 0 100 0 0 0 0 0 0\n";
    }
    tree_.write("proc/stat", stat + "intr 1\n");
    collector_ = std::make_unique<Collector>(sources());
    EXPECT_EQ(collect(0s)->node.onlineCpus, 1000U);
}

TEST_F(CollectorOnFakeTree, cpus_that_come_later_cost_one_tick) {
    collect(0s);
    std::string stat = "cpu  100 0 0 100 0 0 0 0 0 0\n";
    for (int cpu = 0; cpu < 1000; ++cpu) {
        stat += "cpu" + std::to_string(cpu) + " 100 0 0 100 0 0 0 0 0 0\n";
    }
    tree_.write("proc/stat", stat + "intr 1\n");
    expectUnknown(collect(1s)->node.cpuUsage, Unknown::unreadable);
    EXPECT_EQ(collect(2s)->node.onlineCpus, 1000U);
}

TEST_F(CollectorOnFakeTree, snapshot_that_is_held_never_changes) {
    const auto held = collect(0s);
    for (int tick = 1; tick < 10; ++tick) {
        tree_.writeCgroup(pod_, {.usageMicroseconds = 1'000'000U + 1000U * unsigned(tick)});
        const auto next = collect(std::chrono::seconds(tick));
        EXPECT_NE(next, held);
    }
    EXPECT_EQ(held->tick, 1U);
    EXPECT_EQ(held->at, at(0s));
    expectUnknown(held->pods[0].cpuUsage, Unknown::notYet);
}

TEST_F(CollectorOnFakeTree, steady_tick_of_110_pods_allocates_nothing) {
    for (int pod = 0; pod < 110; ++pod) {
        const std::string path = test::systemdPodPath(pod % 3 == 0   ? "burstable"
                                                      : pod % 3 == 1 ? "besteffort"
                                                                     : "",
                                                      std::to_string(1000 + pod));
        tree_.writeCgroup(path);
        for (const char c : {'c', 'd'}) {
            tree_.writeCgroup(path + "/cri-containerd-" + std::string(64, c) + ".scope");
        }
    }
    std::string disks;
    std::string interfaces = test::interfaceHeadings();
    for (int device = 0; device < 130; ++device) { // with names too long to be stored in place
        const std::string number = std::to_string(1000 + device);
        disks += "   8       0 disk-of-a-long-name-" + number + " 0 0 0 0 0 0 0 0 0 0 0\n";
        interfaces += "cali0123456" + number + ": 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    }
    tree_.write("proc/diskstats", disks);
    tree_.write("proc/net/dev", interfaces);
    std::shared_ptr<const Snapshot> held; // as the engine does
    int tick = 0;
    for (; tick < 5; ++tick) {
        held = collect(std::chrono::seconds(tick));
    }
    ASSERT_EQ(held->pods.size(), 111U);
    const std::size_t before = test::allocations();
    for (; tick < 5 + 150; ++tick) { // the safety net's full round is among them
        held = collect(std::chrono::seconds(tick));
    }
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(held->pods.size(), 111U);
    EXPECT_EQ(held->pods[50].containers.size(), 2U);
    EXPECT_EQ(held->node.disks.size(), 130U);
    EXPECT_EQ(held->node.interfaces.size(), 130U);
}

TEST(CollectorOnRealCgroup2, pod_that_vanishes_between_refresh_and_read_is_left_out) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    cgroup.make("kubepods/besteffort/pod1-1/" + kId);
    cgroup.make("kubepods/pod2-2");
    Collector collector({.layout = {.mount = cgroup.root(),
                                    .kubepods = CgroupPath("/kubepods"),
                                    .driver = cgroup::Driver::cgroupfs}});
    const auto first = collector.collect(at(0s));
    ASSERT_EQ(first->pods.size(), 2U);
    expectUnknown(first->pods[0].cpuUsage, Unknown::notYet);
    ASSERT_TRUE(collector.collect(at(1s))->pods[0].cpuUsage);

    // The link count of the class is as before: only the kept-open files can tell.
    cgroup.remove("kubepods/besteffort/pod1-1");
    cgroup.make("kubepods/besteffort/pod3-3");
    const auto third = collector.collect(at(2s));
    EXPECT_EQ(third->pods.size(), 1U);
    EXPECT_EQ(third->pods[0].pod->uid.value, "2-2");
    const auto fourth = collector.collect(at(3s));
    ASSERT_EQ(fourth->pods.size(), 2U);
    EXPECT_EQ(fourth->pods[0].pod->uid.value, "3-3");
    EXPECT_FALSE(collector.trouble());
}

template <class Value>
bool isValueOrMissing(const Reading<Value>& reading) {
    return reading || reading.error() == Unknown::missing;
}

TEST(CollectorOnRealCgroup2, second_tick_has_every_value_that_the_kernel_gives) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    cgroup.make("kubepods");
    cgroup.enableControllers("");
    cgroup.enableControllers("kubepods");
    cgroup.make("kubepods/pod1-1");
    Collector collector({.layout = {.mount = cgroup.root(),
                                    .kubepods = CgroupPath("/kubepods"),
                                    .driver = cgroup::Driver::cgroupfs}});
    collector.collect(at(0s));
    const auto snapshot = collector.collect(at(1s));
    EXPECT_FALSE(collector.trouble());
    ASSERT_EQ(snapshot->pods.size(), 1U);
    const PodSample& pod = snapshot->pods[0];
    const auto has = [&](const char* file) {
        return std::filesystem::exists(cgroup.root() + "/kubepods/pod1-1/" + file);
    };
    EXPECT_EQ(pod.cpuThrottled.has_value(), has("cpu.max"));
    EXPECT_EQ(pod.memoryCurrent.has_value(), has("memory.current"));
    EXPECT_EQ(pod.memoryHigh.has_value(), has("memory.high"));
    EXPECT_EQ(pod.memoryHighEvents.has_value(), has("memory.events"));
    EXPECT_EQ(pod.stalled.memorySome.has_value(), pod.pressure.memory.has_value());
    EXPECT_TRUE(isValueOrMissing(pod.cpuThrottled));
    EXPECT_TRUE(isValueOrMissing(pod.memoryHigh));
    EXPECT_TRUE(isValueOrMissing(pod.memoryHighEvents));
    EXPECT_TRUE(isValueOrMissing(pod.stalled.cpuFull));
    EXPECT_TRUE(isValueOrMissing(pod.stalled.ioFull));
}

TEST(CollectorOnRealCgroup2, container_that_is_replaced_does_not_disturb_its_pod) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    const std::string other(64, 'b');
    cgroup.make("kubepods/besteffort/pod1-1/" + kId);
    Collector collector({.layout = {.mount = cgroup.root(),
                                    .kubepods = CgroupPath("/kubepods"),
                                    .driver = cgroup::Driver::cgroupfs}});
    const auto first = collector.collect(at(0s));
    cgroup.remove("kubepods/besteffort/pod1-1/" + kId);
    cgroup.make("kubepods/besteffort/pod1-1/" + other);
    collector.collect(at(1s));
    const auto third = collector.collect(at(2s));
    ASSERT_EQ(third->pods.size(), 1U);
    EXPECT_EQ(third->pods[0].pod, first->pods[0].pod);
    EXPECT_TRUE(third->pods[0].cpuUsage);
    ASSERT_EQ(third->pods[0].containers.size(), 1U);
    EXPECT_EQ(third->pods[0].containers[0].container->id.value, other);
}

TEST(CollectorOnThisNode, reads_the_machine_it_runs_on) {
    const FakeTree empty;
    Collector collector({.layout = {.mount = empty.root(), .kubepods = CgroupPath("/kubepods")}});
    const auto snapshot = collector.collect(at(0s));
    EXPECT_GT(snapshot->node.onlineCpus, 0U);
    ASSERT_TRUE(snapshot->node.memoryUtilization);
    EXPECT_GT(snapshot->node.memoryUtilization->value, 0);
    EXPECT_LE(snapshot->node.memoryUtilization->value, 100);
    EXPECT_TRUE(snapshot->node.load);
    for (const DiskSample& disk : snapshot->node.disks) {
        EXPECT_FALSE(disk.name.starts_with("loop")) << disk.name;
    }
    for (const InterfaceSample& interface : snapshot->node.interfaces) {
        EXPECT_NE(interface.name, "lo");
    }
    EXPECT_FALSE(collector.trouble());
}

} // namespace
} // namespace plimsoll::collector
