// SPDX-License-Identifier: Apache-2.0
#include "kube/quantity.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

TEST(Quantity, refuses_what_is_none) {
    for (const auto* text :
         {"",
          "-",
          "+",
          ".",
          "m",
          "e3",
          "1e",
          "1e+",
          "1ee3",
          "1.2.3",
          "4 ",
          " 4",
          "4x",
          "4mi",
          "4KI",
          "4ki",
          "nan",
          "NaN",
          "inf",
          "-inf",
          "0x10",
          "1,5",
          "--1",
          "1e999",
          "1e-999",
          "9.3e18",
          "9Ei9",
          "100E",
          "1111111111111111111111111111111111111111111111111111111111111111111"}) {
        EXPECT_EQ(parseQuantity(text), std::nullopt) << text;
    }
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
