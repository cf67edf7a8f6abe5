// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/devices.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;
using test::FakeTree;
using testing::ElementsAre;
using testing::IsEmpty;

/// A row of /proc/diskstats of which only the reads count.
std::string disk(const std::string& name, unsigned long long reads) {
    return "   8       0 " + name + " " + std::to_string(reads) + " 0 0 0 0 0 0 0 0 0 0\n";
}

/// A row of /proc/net/dev of which only the received packets count.
std::string interface(const std::string& name, unsigned long long packets) {
    return name + ": 0 " + std::to_string(packets) + " 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

template <class Sample>
std::vector<std::string> names(const std::vector<Sample>& devices) {
    std::vector<std::string> found;
    for (const Sample& device : devices) {
        found.push_back(device.name);
    }
    return found;
}

template <class Value>
void expectUnknown(const Reading<Value>& reading, Unknown why) {
    ASSERT_FALSE(reading.has_value());
    EXPECT_EQ(reading.error(), why);
}

/// One tick a second.
class DeviceTables : public testing::Test {
protected:
    const std::vector<DiskSample>& disks(const std::string& text) {
        tree_.write("proc/diskstats", text);
        return disks();
    }
    const std::vector<DiskSample>& disks() {
        Pass pass = nextPass();
        diskReader_.read(proc_.get(), pass, disks_);
        last_ = pass;
        return disks_;
    }
    const std::vector<InterfaceSample>& interfaces(const std::string& rows) {
        tree_.write("proc/net/dev", test::interfaceHeadings() + rows);
        return interfaces();
    }
    const std::vector<InterfaceSample>& interfaces() {
        Pass pass = nextPass();
        interfaceReader_.read(proc_.get(), pass, interfaces_);
        last_ = pass;
        return interfaces_;
    }
    Pass nextPass() {
        ++tick_;
        return {.now = MonotonicTime(1h + std::chrono::seconds(tick_)), .tick = tick_};
    }

    FakeTree tree_{{"proc/net/", ""},
                   {"sys/class/block/sda/", ""},
                   {"sys/class/block/sda1/partition", "1\n"},
                   {"sys/class/block/nvme0n1p12/partition", "12\n"},
                   {"sys/class/block/cciss!c0d0p1/partition", "1\n"}};
    cgroup::Descriptor proc_{::open(tree_.path("proc").c_str(), O_RDONLY | O_DIRECTORY)};
    DeviceReader<Disks> diskReader_{Disks(tree_.path("sys"))};
    DeviceReader<Interfaces> interfaceReader_;
    std::vector<DiskSample> disks_;
    std::vector<InterfaceSample> interfaces_;
    std::uint64_t tick_ = 0;
    Pass last_;
};

TEST_F(DeviceTables, missing_file_is_no_device_and_no_trouble) {
    EXPECT_THAT(disks(), IsEmpty());
    EXPECT_THAT(interfaces(), IsEmpty());
    EXPECT_EQ(last_.unreadable, 0U);
}

TEST_F(DeviceTables, partitions_and_what_is_no_disk_are_left_out) {
    const std::string text = disk("loop0", 1) + disk("ram15", 1) + disk("zram0", 1) +
                             disk("sr0", 1) + disk("fd0", 1) + disk("sda1", 1) +
                             disk("nvme0n1p12", 1) + disk("cciss/c0d0p1", 1) + disk("sda", 1) +
                             disk("nvme0n1", 1) + disk("cciss/c0d0", 1) + disk("dm-0", 1) +
                             disk("md127", 1) + disk("srv", 1);
    EXPECT_THAT(names(disks(text)),
                ElementsAre("cciss/c0d0", "dm-0", "md127", "nvme0n1", "sda", "srv"));
}

TEST_F(DeviceTables, row_that_is_cut_off_costs_the_devices_from_there_on_one_tick) {
    disks(disk("sda", 0) + disk("sdb", 0) + disk("sdc", 0));
    const auto& found = disks(disk("sda", 5) + disk("sdb", 5).substr(0, 20));
    ASSERT_THAT(names(found), ElementsAre("sda", "sdb", "sdc"));
    EXPECT_EQ(found[0].readIops, 5.0);
    expectUnknown(found[1].readIops, Unknown::unreadable);
    expectUnknown(found[2].utilization, Unknown::unreadable);
    EXPECT_EQ(last_.unreadable, 1U);
    EXPECT_EQ(last_.error, EBADMSG);

    disks(disk("sda", 6) + disk("sdb", 8) + disk("sdc", 8));
    EXPECT_EQ(found[0].readIops, 1.0);
    EXPECT_EQ(found[1].readIops, 4.0) << "over both ticks";
    EXPECT_EQ(last_.unreadable, 0U);
}

TEST_F(DeviceTables, interfaces_under_other_headings_are_not_read) {
    interfaces(interface("eth0", 1));
    tree_.write("proc/net/dev", "Inter-|\n face |packets bytes\n" + interface("eth0", 9));
    const auto& found = interfaces();
    ASSERT_THAT(names(found), ElementsAre("eth0"));
    expectUnknown(found[0].receivePackets, Unknown::unreadable);
    expectUnknown(found[0].receiveKbps, Unknown::unreadable);
    expectUnknown(found[0].sendKbps, Unknown::unreadable);
    expectUnknown(found[0].sendPackets, Unknown::unreadable);
    expectUnknown(found[0].receiveDrops, Unknown::unreadable);
    expectUnknown(found[0].sendDrops, Unknown::unreadable);
}

TEST_F(DeviceTables, unreadable_directory_is_reported_with_its_error) {
    proc_ = cgroup::Descriptor();
    disks();
    EXPECT_EQ(last_.unreadable, 1U);
    EXPECT_EQ(last_.error, EBADF);
}

TEST_F(DeviceTables, device_that_comes_back_is_a_new_one) {
    disks(disk("sda", 100) + disk("sdb", 100));
    EXPECT_THAT(names(disks(disk("sda", 100))), ElementsAre("sda"));
    const auto& found = disks(disk("sdb", 300) + disk("sda", 107));
    ASSERT_THAT(names(found), ElementsAre("sda", "sdb"));
    EXPECT_EQ(found[0].readIops, 7.0);
    expectUnknown(found[1].readIops, Unknown::notYet);
}

TEST_F(DeviceTables, partition_that_becomes_a_disk_of_the_same_name_counts_from_then_on) {
    EXPECT_THAT(disks(disk("sda1", 1)), IsEmpty());
    EXPECT_THAT(disks(""), IsEmpty());
    tree_.remove("sys/class/block/sda1");
    EXPECT_THAT(names(disks(disk("sda1", 1))), ElementsAre("sda1"));
}

TEST_F(DeviceTables, row_that_comes_twice_counts_once) {
    interfaces(interface("eth0", 1));
    const auto& found = interfaces(interface("eth0", 3) + interface("eth0", 4));
    ASSERT_THAT(names(found), ElementsAre("eth0"));
    EXPECT_EQ(found[0].receivePackets, 2.0);
}

TEST_F(DeviceTables, loopback_alone_is_left_out_and_the_others_are_ordered_by_name) {
    const auto& found = interfaces(interface("    lo", 1) + interface("veth1", 1) +
                                   interface("  eth0", 1) + interface("lo0", 1));
    EXPECT_THAT(names(found), ElementsAre("eth0", "lo0", "veth1"));
}

TEST_F(DeviceTables, more_rows_than_the_buffer_holds_are_all_read_at_once) {
    std::string rows;
    for (int pod = 0; pod < 1000; ++pod) {
        rows += interface("cali" + std::to_string(10'000 + pod), 1);
    }
    ASSERT_GT(rows.size(), 32U * 1024);
    EXPECT_EQ(interfaces(rows).size(), 1000U);
    EXPECT_EQ(last_.unreadable, 0U);
}

} // namespace
} // namespace plimsoll::collector
