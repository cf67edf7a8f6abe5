// SPDX-License-Identifier: Apache-2.0
#include "kube/quantity.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

constexpr const char* kNoNumber = "it does not begin with a number";
constexpr const char* kSuffix =
    "the suffix is one of n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent as in 1e3";
constexpr const char* kRange = "quantities end at 2^63, and at 1e-308 towards 0";

struct BadRow {
    const char* text;
    const char* reason;
};

TEST(Quantity, refuses_what_is_none_and_says_why) {
    for (const auto& [text, reason] : {
             BadRow{"", "it is empty"},
             BadRow{"-", kNoNumber},
             BadRow{"+", kNoNumber},
             BadRow{".", kNoNumber},
             BadRow{"m", kNoNumber},
             BadRow{"e3", kNoNumber},
             BadRow{" 4", kNoNumber},
             BadRow{"nan", kNoNumber},
             BadRow{"NaN", kNoNumber},
             BadRow{"inf", kNoNumber},
             BadRow{"-inf", kNoNumber},
             BadRow{"--1", kNoNumber},
             BadRow{"+-1", kNoNumber},
             BadRow{"1.2.3", "a number has one point at most"},
             BadRow{"1 Gi", "there is no space in a quantity"},
             BadRow{"4 ", "there is no space in a quantity"},
             BadRow{"4\n", "there is no space in a quantity"},
             BadRow{"0x10", "quantities are decimal"},
             BadRow{"-0X10", "quantities are decimal"},
             BadRow{"1e", kSuffix},
             BadRow{"1e+", kSuffix},
             BadRow{"1ee3", kSuffix},
             BadRow{"1e3m", kSuffix},
             BadRow{"4x", kSuffix},
             BadRow{"4mi", kSuffix},
             BadRow{"4K", kSuffix},
             BadRow{"4KI", kSuffix},
             BadRow{"4ki", kSuffix},
             BadRow{"1GB", kSuffix},
             BadRow{"80%", kSuffix},
             BadRow{"1,5", kSuffix},
             BadRow{"1_000", kSuffix},
             BadRow{"9Ei9", kSuffix},
             BadRow{"1e999", kRange},
             BadRow{"1e-999", kRange},
             BadRow{"9.3e18", kRange},
             BadRow{"100E", kRange},
             BadRow{"9Ei", kRange},
             BadRow{"-9223372036854777856", kRange},
             BadRow{"1111111111111111111111111111111111111111111111111111111111111111111",
                    "it is longer than 64 characters"},
         }) {
        const auto value = parseQuantity(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().what, reason) << text;
    }
}

TEST(Quantity, ends_where_the_api_servers_arithmetic_does) {
    EXPECT_EQ(parseQuantity("9223372036854775807"), kLargestQuantity);
    EXPECT_EQ(parseQuantity("-9223372036854775807"), -kLargestQuantity);
    EXPECT_EQ(parseQuantity("7.5Ei"), 8646911284551352320.0);
}

TEST(Quantity, is_a_decimal_and_never_rounded_up) {
    EXPECT_EQ(parseQuantity("80.5"), 80.5);
    EXPECT_EQ(parseQuantity("500m"), 0.5);
    EXPECT_EQ(parseQuantity("100m"), 0.1) << "the nearest double of the whole decimal";
    EXPECT_EQ(parseQuantity("1n"), 1e-9);
    EXPECT_EQ(parseQuantity("1u"), 1e-6);
}

TEST(Quantity, knows_every_suffix) {
    EXPECT_EQ(parseQuantity("4"), 4);
    EXPECT_EQ(parseQuantity("+4."), 4);
    EXPECT_EQ(parseQuantity("5."), 5);
    EXPECT_EQ(parseQuantity(".5"), 0.5);
    EXPECT_EQ(parseQuantity("-1"), -1);
    EXPECT_EQ(parseQuantity("1e3"), 1000);
    EXPECT_EQ(parseQuantity("1E3"), 1000);
    EXPECT_EQ(parseQuantity("1e+3"), 1000);
    EXPECT_EQ(parseQuantity("12e-1"), 1.2);
    EXPECT_EQ(parseQuantity("1E"), 1e18);
    EXPECT_EQ(parseQuantity("1k"), 1e3);
    EXPECT_EQ(parseQuantity("1M"), 1e6);
    EXPECT_EQ(parseQuantity("1G"), 1e9);
    EXPECT_EQ(parseQuantity("1T"), 1e12);
    EXPECT_EQ(parseQuantity("1P"), 1e15);
    EXPECT_EQ(parseQuantity("1Ki"), 1024);
    EXPECT_EQ(parseQuantity("1.5Mi"), 1572864);
    EXPECT_EQ(parseQuantity("2Gi"), 2147483648.0);
    EXPECT_EQ(parseQuantity("1Ti"), 1099511627776.0);
    EXPECT_EQ(parseQuantity("1Pi"), 1125899906842624.0);
    EXPECT_EQ(parseQuantity("1Ei"), 1152921504606846976.0);
}

} // namespace
} // namespace plimsoll::kube
