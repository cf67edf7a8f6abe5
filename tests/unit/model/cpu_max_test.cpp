// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/cpu_max.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

struct Case {
    const char* text;
    std::optional<CpuMax> expected;
};

class CpuMaxText : public testing::TestWithParam<Case> {};

TEST_P(CpuMaxText, parses) {
    EXPECT_EQ(parseCpuMax(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, CpuMaxText,
    testing::Values(Case{"max 100000\n", CpuMax{std::nullopt, Microseconds{100'000}}},
                    Case{"180000 100000\n", CpuMax{Microseconds{180'000}, Microseconds{100'000}}},
                    Case{"2500 5000", CpuMax{Microseconds{2500}, Microseconds{5000}}},
                    Case{"", std::nullopt}, Case{"max", std::nullopt}, Case{"max 0", std::nullopt},
                    Case{"-1 100000", std::nullopt},
                    Case{"99999999999999999999 100000", std::nullopt},
                    Case{"180000  100000", std::nullopt}, Case{"180000 100000 1", std::nullopt},
                    Case{"maximum 100000", std::nullopt}));

TEST(CpuMaxText, formats_the_bytes_the_kernel_shows) {
    EXPECT_EQ(formatCpuMax({std::nullopt, Microseconds{100'000}}), "max 100000");
    EXPECT_EQ(formatCpuMax({Microseconds{180'000}, Microseconds{100'000}}), "180000 100000");
}

TEST(CpuMaxText, rate_is_quota_over_period_in_millicores) {
    EXPECT_EQ((CpuMax{Microseconds{180'000}, Microseconds{100'000}}.rate()), Millicores{1800});
    EXPECT_EQ((CpuMax{std::nullopt, Microseconds{100'000}}.rate()), std::nullopt);
}

} // namespace
} // namespace plimsoll
