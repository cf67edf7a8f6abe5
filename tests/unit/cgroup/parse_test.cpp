// SPDX-License-Identifier: Apache-2.0
#include "cgroup/parse.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace plimsoll::cgroup {
namespace {

TEST(CpuStat, is_refused_without_usage_or_with_garbage) {
    for (const char* text :
         {"", "\n", "usage_usec", "usage_usec \n", "usage_usec -1\n", "usage_usec 1x\n",
          "usage_usec 18446744073709551616\n", "user_usec 5\n", "usage_usec 5\nnr_periods x\n",
          "usage_usec 5\nnr_throttled \n", " usage_usec 5\n", "usage_usec  5\n"}) {
        EXPECT_EQ(parseCpuStat(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(CpuStat, reads_usage_with_and_without_the_cpu_controller) {
    EXPECT_EQ(parseCpuStat("usage_usec 18446744073709551615\nuser_usec 1\nsystem_usec 2\n"),
              (CpuStat{.usageMicroseconds = 18446744073709551615U}));
    EXPECT_EQ(parseCpuStat("usage_usec 50\nuser_usec 1\nsystem_usec 2\nnr_periods 7\n"
                           "nr_throttled 3\nthrottled_usec 90\nnr_bursts 0\nburst_usec 0\n"),
              (CpuStat{50, 7, 3, 90}));
    EXPECT_EQ(parseCpuStat("usage_usec 50"), (CpuStat{.usageMicroseconds = 50}));
}

TEST(Number, is_digits_and_a_line_end) {
    EXPECT_EQ(parseNumber("20971520\n"), 20971520U);
    EXPECT_EQ(parseNumber("0"), 0U);
    for (const char* text : {"", "\n", "max\n", "-1\n", "+1\n", "1 2\n", "1\n2\n", "0x10\n",
                             "99999999999999999999\n"}) {
        EXPECT_EQ(parseNumber(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(InactiveFile, is_found_at_its_own_line_only) {
    EXPECT_EQ(parseInactiveFile(test::memoryStatText(4096)), 4096U);
    EXPECT_EQ(parseInactiveFile("inactive_file 7\n"), 7U);
    EXPECT_EQ(parseInactiveFile("anon 1\ninactive_file 8"), 8U);
    for (const char* text : {"", "anon 1\n", "total_inactive_file 7\n", "anon 1\ninactive_file\n",
                             "anon 1\ninactive_file -7\n", "anon 1\ninactive_file 7x\n",
                             "inactive_file 99999999999999999999\n"}) {
        EXPECT_EQ(parseInactiveFile(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(PressureFile, is_refused_when_it_is_not_the_kernels) {
    const std::string good = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    ASSERT_TRUE(parsePressure(good));
    for (const std::string& text : {
             std::string(),
             std::string("some\n"),
             good + good,
             good + "full\n",
             good + "x",
             std::string("full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=nan avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=inf avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=-1.00 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=1e10 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=1000.00 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=.50 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=0.5 avg60=0.00 avg300=0.00 total=0\n"),
             std::string("some avg10=0.00 avg60=0.00 total=0\n"),
             std::string("some avg10=0.00 avg60=0.00 avg300=0.00 total=18446744073709551616\n"),
             std::string("some avg10=0.00 avg60=0.00 avg300=0.00 total=\n"),
             std::string("some avg10=0.00 avg60=0.00 avg300=0.0"),
         }) {
        EXPECT_EQ(parsePressure(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(PressureFile, has_averages_in_percent_and_totals) {
    const auto pressure = parsePressure("some avg10=12.34 avg60=0.05 avg300=100.00 total=987654\n"
                                        "full avg10=1.00 avg60=2.50 avg300=3.99 total=5\n");
    ASSERT_TRUE(pressure);
    EXPECT_EQ(pressure->some, (PressureLine{12.34, 0.05, 100.0, 987654}));
    EXPECT_EQ(pressure->full, (PressureLine{1.0, 2.5, 3.99, 5}));
}

TEST(PressureFile, may_lack_the_full_line) {
    const auto pressure = parsePressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
    ASSERT_TRUE(pressure);
    EXPECT_EQ(pressure->full, std::nullopt);
}

TEST(ProcStat, is_refused_when_fields_are_missing_or_too_big) {
    for (const char* text :
         {"", "cpu\n", "cpu  1 2 3 4 5 6 7\ncpu0 1\n", "cpu0 1 2 3 4 5 6 7 8\n",
          "cpu  1 2 3 4 5 6 7 8 9 10\nintr 5\n", // no CPU is online
          "cpu  1 2 3 4 5 6 7 -8\ncpu0 1\n", "cpu  1 2 3 4 5 6 7 99999999999999999999\ncpu0 1\n",
          "cpu  18446744073709551615 1 0 0 0 0 0 0\ncpu0 1\n"}) {
        EXPECT_EQ(parseProcStat(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ProcStat, leaves_iowait_and_steal_out_of_busy_and_counts_online_cpus) {
    const auto times = parseProcStat("cpu  100 10 50 1000 70 5 6 30 20 1\n"
                                     "cpu0 1 2 3 4 5 6 7 8 9 10\n"
                                     "cpu2 1 2 3 4 5 6 7 8 9 10\n" // cpu1 is offline
                                     "cpu13 1 2 3 4 5 6 7 8 9 10\n"
                                     "intr 5 cpu7\nctxt 1\n");
    EXPECT_EQ(times, (NodeCpuTimes{171, 1000, 70, 30, 3}));
}

TEST(MemoryInfoFile, needs_total_and_available) {
    EXPECT_EQ(parseMemoryInfo("MemTotal:        8000000 kB\nMemFree:  1 kB\n"
                              "MemAvailable:    6000000 kB\nBuffers: x\n"),
              (MemoryInfo{8192000000U, 6144000000U}));
    for (const char* text :
         {"", "MemTotal: 1 kB\n", "MemAvailable: 1 kB\n", "MemTotal: 1\nMemAvailable: 1 kB\n",
          "MemTotal: 1 MB\nMemAvailable: 1 kB\n",
          "MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n",
          "MemTotal: x kB\nMemAvailable: 1 kB\n"}) {
        EXPECT_EQ(parseMemoryInfo(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(HighEvents, are_the_line_of_that_name_only) {
    EXPECT_EQ(parseHighEvents("low 0\nhigh 42\nmax 7\noom 0\noom_kill 0\noom_group_kill 0\n"), 42U);
    EXPECT_EQ(parseHighEvents("high 18446744073709551615"), 18446744073709551615U);
    for (const char* text : {"", "low 1\nmax 2\n", "high\n", "high \n", "high -1\n", "high 1x\n",
                             "high 18446744073709551616\n", "swap_high 5\n", " high 5\n"}) {
        EXPECT_EQ(parseHighEvents(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(LoadAverage, is_refused_when_it_is_not_the_kernels) {
    for (const char* text :
         {"", "\n", "0.11 0.13 0.28\n", "0.11 0.13 0.28 3/91\n", "0.11 0.13 3/91 9087\n",
          "nan 0.13 0.28 3/91 9087\n", "-0.11 0.13 0.28 3/91 9087\n", "0.1 0.13 0.28 3/91 9087\n",
          "12345678.00 0.13 0.28 3/91 9087\n", "0.11 0.13 0.28 3/91 9087 1\n",
          "0.11  0.13 0.28 3/91 9087\n", "0.11 0.13 0.28 3/91 9087\n0.11"}) {
        EXPECT_EQ(parseLoadAverage(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(LoadAverage, has_three_averages_that_may_be_above_999) {
    EXPECT_EQ(parseLoadAverage("0.11 0.13 0.28 3/91 9087\n"), (LoadSample{0.11, 0.13, 0.28}));
    EXPECT_EQ(parseLoadAverage("1234567.89 1000.00 12.00 3/91 9087"),
              (LoadSample{1234567.89, 1000, 12}));
}

TEST(DiskLine, is_refused_when_columns_are_missing_cut_off_or_too_big) {
    for (const char* line :
         {"", "\n", "254 0 vda\n", "254 0 vda 1 2 3 4 5 6 7 8 9 10\n", // ten columns
          "254 0 vda 1 2 3 4 5 6 7 8 9 10 11",                         // no newline: cut off
          "254 0 1 2 3 4 5 6 7 8 9 10 11\n",                           // no name
          "254 vda 1 2 3 4 5 6 7 8 9 10 11\n", "254 0 vda 1 2 x 4 5 6 7 8 9 10 11\n",
          "254 0 vda -1 2 3 4 5 6 7 8 9 10 11\n", "254 0 vda 1 2 3 4 5 6 7 8 9 10 11x\n",
          "254 0 vda 18446744073709551616 2 3 4 5 6 7 8 9 10 11\n"}) {
        std::string_view text = line;
        EXPECT_EQ(takeDisk(text), std::nullopt) << '"' << line << '"';
    }
}

TEST(DiskLine, is_taken_off_with_11_15_or_17_columns) {
    std::string_view text =
        "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n" // 2.6
        " 259      12 nvme0n1p2 21 2 23 4 25 6 27 8 9 30 11 12 13 14 15\n"
        " 253       0 dm-0 18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
    EXPECT_EQ(takeDisk(text), (DiskCounters{"sda", 1, 3, 5, 7, 10}));
    EXPECT_EQ(takeDisk(text), (DiskCounters{"nvme0n1p2", 21, 23, 25, 27, 30}));
    EXPECT_EQ(takeDisk(text), (DiskCounters{"dm-0", 18446744073709551615U, 3, 5, 7, 10}));
    EXPECT_TRUE(text.empty());
}

constexpr std::string_view kHeadings =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|"
    "bytes    packets errs drop fifo colls carrier compressed\n";

TEST(InterfaceHeadings, are_refused_when_the_columns_are_others) {
    for (const std::string& table :
         {std::string(), std::string("Inter-|\n"), std::string(kHeadings.substr(1)),
          std::string(kHeadings.substr(0, kHeadings.size() - 1)),
          std::string("Inter-|   Receive\n face |packets bytes\n")}) {
        std::string_view text = table;
        EXPECT_FALSE(takeInterfaceHeadings(text)) << '"' << table << '"';
    }
}

TEST(InterfaceLine, is_refused_when_columns_are_missing_cut_off_or_too_big) {
    for (const char* line : {"", "\n", "eth0:\n", "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n",
                             "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
                             "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
                             ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                             "eth 0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                             "eth0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                             "eth0: 1 2 3 -4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                             "eth0: 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"}) {
        std::string_view text = line;
        EXPECT_EQ(takeInterface(text), std::nullopt) << '"' << line << '"';
    }
}

TEST(InterfaceLine, has_what_came_in_left_and_right_of_what_went_out) {
    const std::string table =
        std::string(kHeadings) +
        "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
        "cali0123456789a:18446744073709551615 22 0 24 0 0 0 0 29 30 0 32 0 0 0 0\n";
    std::string_view text = table;
    ASSERT_TRUE(takeInterfaceHeadings(text));
    EXPECT_EQ(takeInterface(text), (InterfaceCounters{"lo", 1, 2, 4, 9, 10, 12}));
    EXPECT_EQ(takeInterface(text),
              (InterfaceCounters{"cali0123456789a", 18446744073709551615U, 22, 24, 29, 30, 32}));
    EXPECT_TRUE(text.empty());
}

} // namespace
} // namespace plimsoll::cgroup
