// SPDX-License-Identifier: Apache-2.0
#include "cgroup/unit_properties.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

CpuMax limit(long quota, long period = 100'000) {
    return {Microseconds{quota}, Microseconds{period}};
}

TEST(UnitNames, are_told_from_other_cgroups) {
    EXPECT_TRUE(looksLikeUnit("/kubepods.slice/kubepods-pod1_1.slice"));
    EXPECT_TRUE(looksLikeUnit("cri-containerd-0.scope"));
    EXPECT_TRUE(looksLikeUnit("/system.slice/kubelet.service"));
    EXPECT_FALSE(looksLikeUnit("/kubepods/besteffort/pod1-1"));
    EXPECT_FALSE(looksLikeUnit("/kubepods.slice/pod1-1"));
    EXPECT_FALSE(looksLikeUnit("/.slice"));
    EXPECT_FALSE(looksLikeUnit(""));
}

TEST(UnitNames, that_are_not_safe_as_file_names_are_refused) {
    EXPECT_TRUE(isSafeUnitName("kubepods-burstable-pod1_2.slice"));
    EXPECT_TRUE(isSafeUnitName("a\\x2db:c@d.scope"));
    EXPECT_FALSE(isSafeUnitName("../x.slice"));
    EXPECT_FALSE(isSafeUnitName("a/b.slice"));
    EXPECT_FALSE(isSafeUnitName(".a.slice"));
    EXPECT_FALSE(isSafeUnitName("a b.slice"));
    EXPECT_FALSE(isSafeUnitName("a\n.slice"));
    EXPECT_FALSE(isSafeUnitName("a.mount"));
    EXPECT_FALSE(isSafeUnitName(std::string(256, 'a') + ".slice"));
}

TEST(Rendering, is_what_systemd_writes) {
    EXPECT_EQ(rendered(UnitLimit{}), CpuMax{});
    EXPECT_EQ(rendered({.amount = 200'000}), limit(20'000));
    EXPECT_EQ(rendered({.amount = 1'500'000}), limit(150'000));
    EXPECT_EQ(rendered({.amount = 123'456}), limit(12'345));
    EXPECT_EQ(rendered({.amount = 500'000, .period = 50'000}), limit(25'000, 50'000));
    EXPECT_EQ(rendered({.amount = kNotSet, .period = 50'000}), CpuMax{})
        << "unlimited has the default period, whatever was asked for";
    // The kernel takes neither quota nor period under 1 ms: the period is stretched.
    EXPECT_EQ(rendered({.amount = 10'000, .period = 50'000}), limit(1'000, 100'000));
    EXPECT_EQ(rendered({.amount = 10'000'000, .period = 500}), limit(10'000, 1'000));
    EXPECT_EQ(rendered({.amount = 1'000'000, .period = 5'000'000}), limit(1'000'000, 1'000'000));
    EXPECT_EQ(rendered({.amount = 0}), limit(1'000, 1'000'000)) << "no division by it";
}

TEST(Properties, are_whole_percents_rounded_up_and_leave_the_period_where_it_fits) {
    EXPECT_EQ(unitLimitFor(limit(20'000), {}), (UnitLimit{Lever::cpuMax, 200'000, kNotSet}));
    EXPECT_EQ(unitLimitFor(limit(20'000), {Lever::cpuMax, kNotSet, 100'000}),
              (UnitLimit{Lever::cpuMax, 200'000, 100'000}));
    EXPECT_EQ(unitLimitFor(limit(20'001), {}), (UnitLimit{Lever::cpuMax, 210'000, kNotSet}));
    EXPECT_EQ(unitLimitFor(limit(1), {}), (UnitLimit{Lever::cpuMax, 10'000, kNotSet}));
    EXPECT_EQ(unitLimitFor(limit(5'000, 50'000), {}), (UnitLimit{Lever::cpuMax, 100'000, 50'000}));
    EXPECT_EQ(unitLimitFor(limit(5'000, 50'000), {Lever::cpuMax, 7, 50'000}),
              (UnitLimit{Lever::cpuMax, 100'000, 50'000}));
    EXPECT_EQ(unitLimitFor(limit(5'000), {Lever::cpuMax, 7, 50'000}),
              (UnitLimit{Lever::cpuMax, 50'000, 100'000}));
    EXPECT_EQ(unitLimitFor(CpuMax{}, {Lever::cpuMax, 200'000, kNotSet}), (UnitLimit{}));
}

MemoryHigh bytes(double value) {
    return {Bytes{value}};
}

TEST(Rendering, of_memory_high_is_in_the_whole_pages_that_the_kernel_keeps) {
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    const auto memory = [](std::uint64_t amount) {
        return rendered(UnitLimit{.lever = Lever::memoryHigh, .amount = amount});
    };
    EXPECT_EQ(memory(kNotSet), MemoryHigh{});
    EXPECT_EQ(memory(static_cast<std::uint64_t>(page * 3)), bytes(page * 3));
    EXPECT_EQ(memory(static_cast<std::uint64_t>(page * 4 - 1)), bytes(page * 3));
}

TEST(Properties, of_memory_high_are_whole_pages_and_never_none) {
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    const UnitLimit had{.lever = Lever::memoryHigh, .amount = 123};
    const auto amount = [&](const Limit& wanted) { return unitLimitFor(wanted, had).amount; };
    EXPECT_EQ(amount(MemoryHigh{}), kNotSet);
    EXPECT_EQ(amount(bytes(page * 2 + 1)), static_cast<std::uint64_t>(page * 2));
    EXPECT_EQ(amount(bytes(0)), static_cast<std::uint64_t>(page)) << "systemd refuses 0";
    EXPECT_EQ(keptInDropIn({Lever::memoryHigh, 12'345}).amount, 12'345U) << "bytes are kept";
}

} // namespace
} // namespace plimsoll::cgroup
