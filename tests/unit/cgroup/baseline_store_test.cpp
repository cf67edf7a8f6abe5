// SPDX-License-Identifier: Apache-2.0
#include "cgroup/baseline_store.hpp"
#include "cgroup/drop_ins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::cgroup {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

BaselineRecord fullRecord() {
    return {.cgroup = {.path = CgroupPath("/kubepods.slice/kubepods-pod1_1.slice"), .inode = 4711},
            .baseline = "12345 100000\n",
            .from = "12345 100000",
            .to = "5000 100000",
            .unit =
                UnitBefore{.unit = {.name = "kubepods-pod1_1.slice",
                                    .transient = true,
                                    .limit = {.amount = 130'000, .period = kNotSet}},
                           .dropIns = {{"50-CPUQuota.conf", "# by\\hand\n[Slice]\nCPUQuota=13%\n"},
                                       {"50-CPUQuotaPeriodSec.conf", std::nullopt}},
                           .dropInDirectory = true},
            .beside = {{"cpu.weight", "33\n"}, {"memory.zswap.max", std::nullopt}},
            .podUid = PodUid("1-1"),
            .qosClass = QosClass::burstable,
            .podName = "name=space/with\x01odd = things\n",
            .firstUsage = {Millicores{812.25}, Bytes{1048576}},
            .causes = {{"watermark", "cpu"}, {"watermark", "a/b"}}};
}

BaselineRecord memoryRecord() {
    auto record = fullRecord();
    record.lever = Lever::memoryHigh;
    record.baseline = "max\n";
    record.from = "419430400";
    record.to = "209715200";
    record.unit->unit.limit = {.lever = Lever::memoryHigh, .amount = 524'288'001};
    record.unit->dropIns = {{"50-MemoryHigh.conf", std::nullopt}};
    return record;
}

std::string errorOf(std::string_view text) {
    const auto record = parseBaselineRecord(text);
    return record ? "" : record.error().what;
}

TEST(BaselineRecord, is_refused_when_it_is_not_one) {
    for (const std::string_view text :
         {"", "\n", "end\n", "garbage", "plimsoll cpu.max", "Plimsoll cpu.max 1\nend\n",
          "plimsoll memory.reclaim 1\nend\n", "plimsoll memory.high1\nend\n"}) {
        EXPECT_THAT(errorOf(text), HasSubstr("is not one of Plimsoll's")) << text;
    }
}

TEST(BaselineRecord, of_another_version_is_refused) {
    auto text = serialise(fullRecord());
    text.replace(text.find('\n') - 1, 1, "2");
    EXPECT_THAT(errorOf(text), HasSubstr("is of version '2', this is 1"));
    EXPECT_THAT(errorOf("plimsoll cpu.max 10\nend\n"), HasSubstr("version '10'"));
    EXPECT_THAT(errorOf("plimsoll cpu.max \nend\n"), HasSubstr("version ''"));
}

TEST(BaselineRecord, cut_off_anywhere_is_refused) {
    const auto text = serialise(fullRecord());
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(parseBaselineRecord(std::string_view(text).substr(0, length)))
            << text.substr(0, length);
    }
    EXPECT_TRUE(parseBaselineRecord(text));
}

TEST(BaselineRecord, with_a_damaged_byte_is_refused_or_still_of_its_form) {
    const auto text = serialise(fullRecord());
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char byte : {'\0', '\n', '=', '\\', '\xff', '9'}) {
            auto damaged = text;
            damaged[at] = byte;
            if (const auto record = parseBaselineRecord(damaged)) {
                EXPECT_TRUE(parseLimit(record->lever, record->baseline));
                EXPECT_TRUE(record->cgroup.path.value.starts_with('/'));
                EXPECT_TRUE(!record->unit || isSafeUnitName(record->unit->unit.name));
            }
        }
    }
}

TEST(BaselineRecord, with_values_that_make_no_sense_is_refused) {
    const auto lines = [](std::string_view line) {
        return "plimsoll cpu.max 1\npath=/a\ninode=1\nbaseline=max 100000\\n\nfrom=max 100000\n"
               "to=5000 100000\n" +
               std::string(line) + "end\n";
    };
    EXPECT_EQ(errorOf(lines("")), "");
    EXPECT_EQ(errorOf(lines("from-a-later-version=1\n")), "");
    for (const auto* line :
         {"unit=../../etc/x.slice\n", "unit=x\n", "unit.transient=yes\n", "inode=-1\n",
          "inode=99999999999999999999\n", "path=relative\n", "cause=nothing\n", "beside=../x =1\n",
          "beside=cpu.weight\n", "beside=cpu.weight 33\n", "usage=much\n", "pod.name=a\\q\n",
          "pod.name=a\\x0\n", "no value\n"}) {
        EXPECT_THAT(errorOf(lines(line)), HasSubstr("not of its form")) << line;
    }
    EXPECT_THAT(errorOf(lines("baseline=12 apples\n")), HasSubstr("lacks"));
    EXPECT_THAT(errorOf(lines("unit.transient=1\n")), HasSubstr("lacks"));
}

TEST(BaselineRecord, with_a_value_of_another_lever_is_refused) {
    const auto swapHead = [](BaselineRecord record, Lever lever) {
        record.lever = lever;
        return serialise(record);
    };
    EXPECT_THAT(errorOf(swapHead(fullRecord(), Lever::memoryHigh)), HasSubstr("lacks"));
    EXPECT_THAT(errorOf(swapHead(memoryRecord(), Lever::cpuMax)), HasSubstr("lacks"));
}

TEST(BaselineRecord, of_the_first_version_is_understood) {
    // As 0.1 wrote it: one lever, and the usage of the CPU alone.
    const auto record = parseBaselineRecord(
        "plimsoll cpu.max 1\npath=/kubepods.slice/kubepods-pod1_1.slice\ninode=4711\n"
        "baseline=12345 100000\\n\nfrom=12345 100000\nto=5000 100000\n"
        "unit=kubepods-pod1_1.slice\nunit.transient=1\nunit.quota=130000\n"
        "unit.period=infinity\nunit.dropin-directory=0\nunit.dropin=50-CPUQuota.conf -\n"
        "beside=memory.high =max\\n\npod.uid=1-1\npod.qos=BestEffort\npod.name=default/batch\n"
        "usage=812.25\ncause=watermark/cpu\nend\n");
    ASSERT_TRUE(record) << record.error().what;
    EXPECT_EQ(record->lever, Lever::cpuMax);
    EXPECT_EQ(record->baseline, "12345 100000\n");
    EXPECT_EQ(record->firstUsage, (Resources{Millicores{812.25}, Bytes{}}));
    EXPECT_EQ(record->owner().unit.limit,
              (UnitLimit{.lever = Lever::cpuMax, .amount = 130'000, .period = kNotSet}));
}

TEST(BaselineRecord, comes_back_as_it_was) {
    const auto record = fullRecord();
    EXPECT_EQ(parseBaselineRecord(serialise(memoryRecord())), memoryRecord());
    EXPECT_EQ(parseBaselineRecord(serialise(record)), record);
    auto plain = record;
    plain.unit.reset();
    plain.beside.clear();
    plain.causes.clear();
    EXPECT_EQ(parseBaselineRecord(serialise(plain)), plain);
}

TEST(BaselineRecord, knows_which_values_are_ours) {
    auto record = fullRecord();
    EXPECT_TRUE(record.isOurs("12345 100000\n"));
    EXPECT_TRUE(record.isOurs("5000 100000\n"));
    EXPECT_TRUE(record.isOurs("13000 100000")) << "systemd's own, set back in an undo";
    EXPECT_FALSE(record.isOurs("12000 100000"));
    EXPECT_FALSE(record.isOurs("max 100000"));
    EXPECT_FALSE(record.isOurs("5000 50000"));
    record.unit->unit.limit.amount = 123'456;
    EXPECT_TRUE(record.isOurs("12345 100000"));
    EXPECT_TRUE(record.isOurs("12000 100000")) << "as a drop-in keeps it over a daemon-reload";
    record.unit.reset();
    EXPECT_FALSE(record.isOurs("13000 100000"));
}

TEST(BaselineRecord, knows_which_values_of_memory_high_are_ours) {
    auto record = memoryRecord();
    EXPECT_TRUE(record.isOurs("max"));
    EXPECT_TRUE(record.isOurs("209715200\n"));
    EXPECT_TRUE(record.isOurs("524288000")) << "systemd's own, as the kernel keeps it";
    EXPECT_FALSE(record.isOurs("524288001"));
    EXPECT_FALSE(record.isOurs("209715201"));
}

TEST(DropIn, quota_is_read_as_systemd_writes_it) {
    const auto quota = [](const std::string& line) {
        return parseDropIn(Lever::cpuMax, "# comment\n[Slice]\n" + line + "\n");
    };
    EXPECT_EQ(quota("CPUQuota=20%"), 200'000U);
    EXPECT_EQ(quota("CPUQuota=12.34%"), 123'400U); // 257
    EXPECT_EQ(quota("CPUQuota=1300.00%"), 13'000'000U);
    EXPECT_EQ(quota("CPUQuota="), kNotSet);
    EXPECT_EQ(quota("CPUQuota=many"), std::nullopt);
    EXPECT_EQ(quota("CPUQuota=20"), std::nullopt);
    EXPECT_EQ(quota("CPUWeight=20"), std::nullopt);
}

TEST(DropIn, of_a_quota_holds_nothing_else) {
    EXPECT_TRUE(holdsOnly(Lever::cpuMax, "# x\n\n[Slice]\nCPUQuota=20%\nCPUQuotaPeriodSec=50ms\n"));
    EXPECT_TRUE(holdsOnly(Lever::cpuMax, "[Scope]\nCPUQuota="));
    EXPECT_FALSE(holdsOnly(Lever::cpuMax, "[Service]\nExecStart=/bin/sh\n"));
    EXPECT_FALSE(holdsOnly(Lever::cpuMax, "[Slice]\nCPUQuota=20% \\\n"));
    EXPECT_FALSE(holdsOnly(Lever::cpuMax, "[Unit]\nCPUQuota=20%\n"));
    EXPECT_FALSE(holdsOnly(Lever::cpuMax, "[Slice]\n CPUQuota=20%\n"));
}

TEST(DropIn, of_memory_high_is_read_as_systemd_writes_it) {
    const auto high = [](const std::string& line) {
        return parseDropIn(Lever::memoryHigh, "# comment\n[Slice]\n" + line + "\n");
    };
    EXPECT_EQ(high("MemoryHigh=52428800"), 52'428'800U);
    EXPECT_EQ(high("MemoryHigh=infinity"), kNotSet);
    EXPECT_EQ(high("MemoryHigh=10%"), std::nullopt) << "somebody else's: we set bytes";
    EXPECT_EQ(high("MemoryMax=1"), std::nullopt);
    EXPECT_TRUE(holdsOnly(Lever::memoryHigh, "# x\n\n[Slice]\nMemoryHigh=1\n"));
    EXPECT_FALSE(holdsOnly(Lever::memoryHigh, "[Slice]\nCPUQuota=20%\n"));
    EXPECT_FALSE(holdsOnly(Lever::cpuMax, "[Slice]\nMemoryHigh=1\n"));
}

} // namespace
} // namespace plimsoll::cgroup
