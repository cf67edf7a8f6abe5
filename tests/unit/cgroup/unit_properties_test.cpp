// SPDX-License-Identifier: Apache-2.0
#include "cgroup/unit_properties.hpp"

#include <gtest/gtest.h>

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
    EXPECT_EQ(rendered({}), CpuMax{});
    EXPECT_EQ(rendered({.quotaPerSecond = 200'000}), limit(20'000));
    EXPECT_EQ(rendered({.quotaPerSecond = 1'500'000}), limit(150'000));
    EXPECT_EQ(rendered({.quotaPerSecond = 123'456}), limit(12'345));
    EXPECT_EQ(rendered({.quotaPerSecond = 500'000, .period = 50'000}), limit(25'000, 50'000));
    EXPECT_EQ(rendered({.quotaPerSecond = kNotSet, .period = 50'000}), CpuMax{})
        << "unlimited has the default period, whatever was asked for";
    // The kernel takes neither quota nor period under 1 ms: the period is stretched.
    EXPECT_EQ(rendered({.quotaPerSecond = 10'000, .period = 50'000}), limit(1'000, 100'000));
    EXPECT_EQ(rendered({.quotaPerSecond = 10'000'000, .period = 500}), limit(10'000, 1'000));
    EXPECT_EQ(rendered({.quotaPerSecond = 1'000'000, .period = 5'000'000}),
              limit(1'000'000, 1'000'000));
    EXPECT_EQ(rendered({.quotaPerSecond = 0}), limit(1'000, 1'000'000)) << "no division by it";
}

TEST(Properties, are_whole_percents_rounded_up_and_leave_the_period_where_it_fits) {
    EXPECT_EQ(propertiesFor(limit(20'000), {}), (CpuProperties{200'000, kNotSet}));
    EXPECT_EQ(propertiesFor(limit(20'000), {kNotSet, 100'000}), (CpuProperties{200'000, 100'000}));
    EXPECT_EQ(propertiesFor(limit(20'001), {}), (CpuProperties{210'000, kNotSet}));
    EXPECT_EQ(propertiesFor(limit(1), {}), (CpuProperties{10'000, kNotSet}));
    EXPECT_EQ(propertiesFor(limit(5'000, 50'000), {}), (CpuProperties{100'000, 50'000}));
    EXPECT_EQ(propertiesFor(limit(5'000, 50'000), {7, 50'000}), (CpuProperties{100'000, 50'000}));
    EXPECT_EQ(propertiesFor(limit(5'000), {7, 50'000}), (CpuProperties{50'000, 100'000}));
    EXPECT_EQ(propertiesFor(CpuMax{}, {200'000, kNotSet}), (CpuProperties{}));
}

} // namespace
} // namespace plimsoll::cgroup
