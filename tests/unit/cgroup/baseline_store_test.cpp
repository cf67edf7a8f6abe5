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
                                    .cpu = {.quotaPerSecond = 130'000, .period = kNotSet}},
                           .dropIns = {{"50-CPUQuota.conf", "# by\\hand\n[Slice]\nCPUQuota=13%\n"},
                                       {"50-CPUQuotaPeriodSec.conf", std::nullopt}},
                           .dropInDirectory = true},
            .beside = {{"cpu.weight", "33\n"}, {"memory.zswap.max", std::nullopt}},
            .podUid = PodUid("1-1"),
            .qosClass = QosClass::burstable,
            .podName = "name=space/with\x01odd = things\n",
            .firstUsage = Millicores{812.25},
            .causes = {{"watermark", "cpu"}, {"watermark", "a/b"}}};
}

std::string errorOf(std::string_view text) {
    const auto record = parseBaselineRecord(text);
    return record ? "" : record.error().what;
}

TEST(BaselineRecord, is_refused_when_it_is_not_one) {
    for (const std::string_view text :
         {"", "\n", "end\n", "garbage", "plimsoll cpu.max", "Plimsoll cpu.max 1\nend\n"}) {
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
                EXPECT_TRUE(parseCpuMax(record->baseline));
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

TEST(BaselineRecord, comes_back_as_it_was) {
    const auto record = fullRecord();
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
    record.unit->unit.cpu.quotaPerSecond = 123'456;
    EXPECT_TRUE(record.isOurs("12345 100000"));
    EXPECT_TRUE(record.isOurs("12000 100000")) << "as a drop-in keeps it over a daemon-reload";
    record.unit.reset();
    EXPECT_FALSE(record.isOurs("13000 100000"));
}

TEST(DropIn, quota_is_read_as_systemd_writes_it) {
    const auto quota = [](const std::string& line) {
        return parseQuotaDropIn("# comment\n[Slice]\n" + line + "\n");
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
    EXPECT_TRUE(holdsOnlyQuota("# x\n\n[Slice]\nCPUQuota=20%\nCPUQuotaPeriodSec=50ms\n"));
    EXPECT_TRUE(holdsOnlyQuota("[Scope]\nCPUQuota="));
    EXPECT_FALSE(holdsOnlyQuota("[Service]\nExecStart=/bin/sh\n"));
    EXPECT_FALSE(holdsOnlyQuota("[Slice]\nCPUQuota=20% \\\n"));
    EXPECT_FALSE(holdsOnlyQuota("[Unit]\nCPUQuota=20%\n"));
    EXPECT_FALSE(holdsOnlyQuota("[Slice]\n CPUQuota=20%\n"));
}

} // namespace
} // namespace plimsoll::cgroup
