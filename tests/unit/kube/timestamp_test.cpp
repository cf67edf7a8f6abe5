// SPDX-License-Identifier: Apache-2.0
#include "kube/timestamp.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

TEST(Timestamp, refuses_what_is_none) {
    for (const auto* text :
         {"", "2024", "2024-05-01", "2024-05-01T10:00:00", "2024-13-01T10:00:00Z",
          "2023-02-29T10:00:00Z", "2024-05-01T24:00:00Z", "2024-05-01T10:60:00Z",
          "2024-05-01T10:00:00.Z", "2024-05-01T10:00:00+2:00", "2024-05-01T10:00:00+02:00x",
          "20240501T100000Z", "2024-05-01T10:00:00Zjunk", "yesterday"}) {
        EXPECT_EQ(parseTimestamp(text), std::nullopt) << text;
    }
}

TEST(Timestamp, counts_from_1970) {
    EXPECT_EQ(parseTimestamp("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parseTimestamp("2024-05-01T10:00:00Z"), 1714557600);
    EXPECT_EQ(parseTimestamp("2024-05-01T12:00:00+02:00"), 1714557600);
    EXPECT_EQ(parseTimestamp("2024-05-01T05:30:00-04:30"), 1714557600);
    EXPECT_EQ(parseTimestamp("2024-05-01T10:00:00.999999Z"), 1714557600);
}

} // namespace
} // namespace plimsoll::kube
