// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/rates.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <limits>
#include <optional>
#include <vector>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;

MonotonicTime at(std::chrono::nanoseconds time) {
    return MonotonicTime(1h + time);
}

struct Sample {
    std::chrono::nanoseconds time;
    std::uint64_t value;
    Reading<double> expected;
};
struct Series {
    const char* name;
    std::vector<Sample> samples;
};
void PrintTo(const Series& series, std::ostream* out) {
    *out << series.name;
}

class CounterRateOf : public testing::TestWithParam<Series> {};

TEST_P(CounterRateOf, follows_the_table) {
    CounterRate rate;
    int row = 0;
    for (const Sample& sample : GetParam().samples) {
        const Reading<double> got = rate.update(sample.value, at(sample.time));
        ASSERT_EQ(got.has_value(), sample.expected.has_value()) << "row " << row;
        if (got) {
            EXPECT_DOUBLE_EQ(*got, *sample.expected) << "row " << row;
        } else {
            EXPECT_EQ(got.error(), sample.expected.error()) << "row " << row;
        }
        ++row;
    }
}

const Reading<double> kNotYet = std::unexpected(Unknown::notYet);
const Reading<double> kReset = std::unexpected(Unknown::reset);
const Reading<double> kStale = std::unexpected(Unknown::stale);
constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Rates, CounterRateOf,
    testing::Values(
        Series{"the first sample has none, zero growth is zero",
               {{0s, 500, kNotYet}, {1s, 500, 0.0}, {2s, 700, 200.0}}},
        Series{"a reset costs one sample",
               {{0s, 500, kNotYet}, {1s, 900, 400.0}, {2s, 100, kReset}, {3s, 150, 50.0}}},
        Series{"a missed tick is divided by the time that really passed",
               {{0s, 0, kNotYet}, {1s, 1000, 1000.0}, {5s, 3000, 500.0}}},
        Series{"a late tick too", {{0s, 0, kNotYet}, {1500ms, 1500, 1000.0}}},
        Series{"no time passed: stale, and the sample before it stands",
               {{0s, 0, kNotYet}, {1s, 100, 100.0}, {1s, 200, kStale}, {2s, 300, 200.0}}},
        Series{"time went backwards", {{2s, 0, kNotYet}, {1s, 100, kStale}, {4s, 300, 150.0}}},
        Series{"the second sample at the time of the first",
               {{0s, 5, kNotYet}, {0s, 6, kStale}, {1s, 7, 2.0}}},
        Series{"the largest counter", {{0s, 0, kNotYet}, {1s, kMax, static_cast<double>(kMax)}}}));

cgroup::NodeCpuTimes times(std::uint64_t busy, std::uint64_t idle, std::uint64_t iowait = 0,
                           std::uint64_t steal = 0, unsigned cpus = 2) {
    return {busy, idle, iowait, steal, cpus};
}

TEST(NodeCpuRates, need_two_samples) {
    NodeCpuRate rate;
    const NodeCpuRates first = rate.update(times(100, 100), at(0s));
    for (const auto& reading : {first.utilization, first.iowait, first.steal}) {
        EXPECT_EQ(reading.error(), Unknown::notYet);
    }
    EXPECT_EQ(first.usage.error(), Unknown::notYet);
}

TEST(NodeCpuRates, count_neither_iowait_nor_steal_as_busy_and_show_both) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000, 0, 0, 4), at(0s));
    const NodeCpuRates rates = rate.update(times(1100, 1200, 60, 40, 4), at(1s));
    EXPECT_DOUBLE_EQ(rates.utilization->value, 25);
    EXPECT_DOUBLE_EQ(rates.usage->value, 1000);
    EXPECT_DOUBLE_EQ(rates.iowait->value, 15);
    EXPECT_DOUBLE_EQ(rates.steal->value, 10);
}

TEST(NodeCpuRates, stay_within_0_and_100_when_idle_and_iowait_go_backwards) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000, 50), at(0s));
    const NodeCpuRates rates = rate.update(times(1200, 990, 40), at(1s));
    EXPECT_DOUBLE_EQ(rates.utilization->value, 100);
    EXPECT_DOUBLE_EQ(rates.usage->value, 2000);
    EXPECT_DOUBLE_EQ(rates.iowait->value, 0);
}

TEST(NodeCpuRates, take_the_cpus_that_are_online_now) {
    NodeCpuRate rate;
    rate.update(times(0, 0, 0, 0, 4), at(0s));
    EXPECT_DOUBLE_EQ(rate.update(times(100, 100, 0, 0, 2), at(1s)).usage->value, 1000);
}

TEST(NodeCpuRates, are_reset_when_busy_time_goes_backwards) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000), at(0s));
    EXPECT_EQ(rate.update(times(10, 2000), at(1s)).usage.error(), Unknown::reset);
    EXPECT_DOUBLE_EQ(rate.update(times(110, 2100), at(2s)).utilization->value, 50);
}

TEST(NodeCpuRates, are_stale_within_one_tick_of_the_kernel_and_never_divide_by_zero) {
    NodeCpuRate rate;
    rate.update(times(1000, 1000), at(0s));
    EXPECT_EQ(rate.update(times(1000, 1000), at(1ms)).usage.error(), Unknown::stale);
    EXPECT_EQ(rate.update(times(1001, 1000), at(0s)).usage.error(), Unknown::stale);
    EXPECT_DOUBLE_EQ(rate.update(times(1050, 1150), at(1s)).utilization->value, 25);
}

template <class Value>
void expectUnknown(const Reading<Value>& reading, Unknown why) {
    ASSERT_FALSE(reading.has_value());
    EXPECT_EQ(reading.error(), why);
}

Pressure pressure(std::uint64_t some, std::optional<std::uint64_t> full) {
    Pressure value{.some = {.totalMicroseconds = some}};
    if (full) {
        value.full = PressureLine{.totalMicroseconds = *full};
    }
    return value;
}

TEST(StalledTime, has_the_reason_of_a_pressure_that_is_not_there_and_comes_back) {
    StalledRates rates;
    StalledSet stalled;
    PressureSet set{.cpu = pressure(0, std::nullopt),
                    .memory = std::unexpected(Unknown::missing),
                    .io = pressure(900'000, 0)};
    rates.update(set, at(0s), stalled);
    expectUnknown(stalled.cpuSome, Unknown::notYet);
    expectUnknown(stalled.cpuFull, Unknown::missing);
    expectUnknown(stalled.memorySome, Unknown::missing);
    expectUnknown(stalled.memoryFull, Unknown::missing);
    expectUnknown(stalled.ioFull, Unknown::notYet);

    set.cpu = std::unexpected(Unknown::unreadable);
    set.io = pressure(100, 0); // another one
    rates.update(set, at(1s), stalled);
    expectUnknown(stalled.cpuSome, Unknown::unreadable);
    expectUnknown(stalled.cpuFull, Unknown::unreadable);
    expectUnknown(stalled.ioSome, Unknown::reset);
    EXPECT_EQ(stalled.ioFull, Percent{0});

    set.cpu = pressure(500'000, std::nullopt);
    rates.update(set, at(2s), stalled);
    EXPECT_EQ(stalled.cpuSome, Percent{25}) << "over both ticks";
}

TEST(StalledTime, is_percent_of_the_time_that_passed_and_at_most_100) {
    StalledRates rates;
    StalledSet stalled;
    const auto set = [](std::uint64_t some, std::uint64_t full) {
        return PressureSet{
            .cpu = pressure(some, 0), .memory = pressure(some, full), .io = pressure(full, full)};
    };
    rates.update(set(1'000'000, 0), at(0s), stalled);
    rates.update(set(2'000'000, 100'000), at(2s), stalled);
    EXPECT_EQ(stalled.cpuSome, Percent{50});
    EXPECT_EQ(stalled.cpuFull, Percent{0});
    EXPECT_EQ(stalled.memorySome, Percent{50});
    EXPECT_EQ(stalled.memoryFull, Percent{5});
    EXPECT_EQ(stalled.ioFull, Percent{5});
    rates.update(set(3'100'000, 100'000), at(3s), stalled);
    EXPECT_EQ(stalled.memorySome, Percent{100});
}

cgroup::CpuStat periods(std::uint64_t all, std::uint64_t throttled) {
    return {.periods = all, .throttledPeriods = throttled};
}

TEST(ThrottledPeriods, are_missing_without_the_cpu_controller_and_start_anew_with_it) {
    ThrottledShare share;
    expectUnknown(share.update({.usageMicroseconds = 5}), Unknown::missing);
    expectUnknown(share.update(periods(100, 50)), Unknown::notYet);
    expectUnknown(share.update({.usageMicroseconds = 5}), Unknown::missing);
    expectUnknown(share.update(periods(110, 50)), Unknown::notYet);
    EXPECT_EQ(share.update(periods(120, 55)), Percent{50});
}

TEST(ThrottledPeriods, are_reset_when_either_counter_goes_backwards) {
    ThrottledShare share;
    share.update(periods(100, 50));
    expectUnknown(share.update(periods(10, 60)), Unknown::reset);
    expectUnknown(share.update(periods(20, 5)), Unknown::reset);
    EXPECT_EQ(share.update(periods(30, 15)), Percent{100});
}

TEST(ThrottledPeriods, are_none_when_no_period_passed_and_never_above_100) {
    ThrottledShare share;
    share.update(periods(0, 0));
    EXPECT_EQ(share.update(periods(0, 0)), Percent{0});
    EXPECT_EQ(share.update(periods(8, 2)), Percent{25});
    EXPECT_EQ(share.update(periods(9, 4)), Percent{100});
}

TEST(DiskRate, is_in_kibibytes_operations_and_percent_a_second) {
    DiskRates rates;
    DiskSample disk;
    cgroup::DiskCounters counters{.name = "sda",
                                  .reads = 10,
                                  .readSectors = 100,
                                  .writes = 20,
                                  .writtenSectors = 200,
                                  .busyMilliseconds = 1000};
    rates.update(counters, at(0s), disk);
    for (const auto& reading : {disk.readKibps, disk.writeKibps, disk.readIops, disk.writeIops}) {
        expectUnknown(reading, Unknown::notYet);
    }
    expectUnknown(disk.utilization, Unknown::notYet);

    counters.reads += 30;
    counters.readSectors += 4096;
    counters.writes += 7;
    counters.writtenSectors += 8;
    counters.busyMilliseconds += 500;
    rates.update(counters, at(2s), disk);
    EXPECT_EQ(disk.readKibps, 1024.0);
    EXPECT_EQ(disk.writeKibps, 2.0);
    EXPECT_EQ(disk.readIops, 15.0);
    EXPECT_EQ(disk.writeIops, 3.5);
    EXPECT_EQ(disk.utilization, Percent{25});
}

TEST(DiskRate,
     of_a_counter_whose_32_bits_were_full_is_reset_for_one_tick_and_busy_never_above_100) {
    DiskRates rates;
    DiskSample disk;
    const auto update = [&](std::uint64_t reads, std::uint64_t busy, std::chrono::seconds time) {
        rates.update({.name = "sda", .reads = reads, .busyMilliseconds = busy}, at(time), disk);
    };
    update(4294967290U, 4294967000U, 0s);
    update(4294967295U, 704, 1s);
    EXPECT_EQ(disk.readIops, 5.0);
    expectUnknown(disk.utilization, Unknown::reset);
    update(3, 1804, 2s);
    expectUnknown(disk.readIops, Unknown::reset);
    EXPECT_EQ(disk.utilization, Percent{100});
    update(4, 1804, 2s); // no time has passed
    expectUnknown(disk.readIops, Unknown::stale);
    expectUnknown(disk.utilization, Unknown::stale);
}

TEST(InterfaceRate, is_in_kilobits_of_1000_and_packets_a_second) {
    InterfaceRates rates;
    InterfaceSample found;
    cgroup::InterfaceCounters counters{.name = "eth0"};
    rates.update(counters, at(0s), found);
    for (const auto& reading : {found.receiveKbps, found.sendKbps, found.receivePackets,
                                found.sendPackets, found.receiveDrops, found.sendDrops}) {
        expectUnknown(reading, Unknown::notYet);
    }
    counters = {.name = "eth0",
                .receivedBytes = 250'000,
                .receivedPackets = 10,
                .receiveDrops = 4,
                .sentBytes = 500,
                .sentPackets = 20,
                .sendDrops = 1};
    rates.update(counters, at(2s), found);
    EXPECT_EQ(found.receiveKbps, 1000.0);
    EXPECT_EQ(found.sendKbps, 2.0);
    EXPECT_EQ(found.receivePackets, 5.0);
    EXPECT_EQ(found.sendPackets, 10.0);
    EXPECT_EQ(found.receiveDrops, 2.0);
    EXPECT_EQ(found.sendDrops, 0.5);
    counters.receivedBytes = 0;
    rates.update(counters, at(3s), found);
    expectUnknown(found.receiveKbps, Unknown::reset);
    EXPECT_EQ(found.sendKbps, 0.0);
}

} // namespace
} // namespace plimsoll::collector
