// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/executor/node.hpp"

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Leftovers : public NodeTest {
protected:
    std::vector<Outcome> undo() { return node.executor->undoLeftovers("left by an earlier run"); }

    void throttleAndDie(const std::string& path, const CpuMax& from = unlimited()) {
        ASSERT_TRUE(node.carryOutOne(node.throttle(path, from, limit(50'000))).done);
        node.restart();
    }
};

TEST_F(Leftovers, a_record_of_another_version_is_refused_and_the_value_left_alone) {
    for (const auto* garbage :
         {"plimsoll cpu.max 2\nend\n", "", "\xff\xfe garbage", "plimsoll cpu.max 1\nend\n",
          "plimsoll cpu.max 1\npath=/x\ninode=1\nbaseline=max 100000\n"}) {
        const auto path = node.addPod("1-1", "50000 100000\n");
        node.setAttribute(path, garbage);
        const auto before = node.everything();
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 1U) << garbage;
        EXPECT_FALSE(outcomes[0].done);
        EXPECT_THAT(outcomes[0].error, HasSubstr("cpu.max is left as it is"));
        EXPECT_THAT(outcomes[0].error, HasSubstr("the record of the baseline"));
        ASSERT_NE(outcomes[0].step.pod, nullptr);
        EXPECT_EQ(outcomes[0].step.pod->uid, PodUid("1-1"));
        EXPECT_EQ(node.everything(), before);
    }
}

TEST_F(Leftovers, a_record_is_not_believed_where_others_could_have_written_it) {
    const auto path = node.addPod("1-1");
    throttleAndDie(path);
    ::chmod(node.absolute(path).c_str(), 0777);
    EXPECT_THAT(undo().at(0).error, HasSubstr("could be written by others"));
    EXPECT_EQ(node.cpuMax(path), "50000 100000\n");
}

TEST_F(Leftovers, a_record_copied_from_another_cgroup_is_not_believed) {
    const auto path = node.addPod("1-1");
    const auto other = node.addPod("2-2", "30000 100000\n");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setAttribute(other, node.attribute(path));
    node.restart();
    undo();
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.cpuMax(other), "30000 100000\n");
}

TEST_F(Leftovers, groups_inside_a_pod_are_not_looked_at) {
    // A container may write attributes to the cgroup it was given.
    const auto path = node.addPod("1-1");
    throttleAndDie(path);
    const auto inner = path + "/kubepods-besteffort-pod9_9.slice";
    node.tree.write(Node::kCgroups + inner + "/cpu.max", "10000 100000\n");
    node.setAttribute(inner, node.attribute(path));
    EXPECT_EQ(undo().size(), 1U);
    EXPECT_EQ(node.cpuMax(inner), "10000 100000\n");
}

TEST_F(Leftovers, somebody_elses_value_stays_and_the_record_goes) {
    for (const bool isUnit : {false, true}) {
        const auto path = isUnit ? node.addUnitPod("2-2") : node.addPod("1-1");
        throttleAndDie(path);
        node.setCpuMax(path, "70000 100000\n");
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 1U);
        EXPECT_TRUE(outcomes[0].done);
        EXPECT_EQ(outcomes[0].step.kind, StepKind::yield);
        EXPECT_EQ(outcomes[0].step.to, limit(70'000));
        EXPECT_THAT(outcomes[0].step.reason, HasSubstr("somebody else's value"));
        EXPECT_EQ(node.cpuMax(path), "70000 100000\n");
        EXPECT_EQ(node.attribute(path), "");
        node.systemd->daemonReload();
        if (isUnit) {
            EXPECT_EQ(node.systemd->units.at(path).state.limit.amount, cgroup::kNotSet);
        }
    }
}

/// As 0.1 wrote it, while it held cpu.max.
std::string recordOfFirstVersion(const Node& node, const std::string& path,
                                 const std::string& unitLines) {
    return "plimsoll cpu.max 1\npath=" + path +
           "\ninode=" + std::to_string(node.pod(path)->cgroup.inode) +
           "\nbaseline=max 100000\\n\nfrom=max 100000\nto=50000 100000\n" + unitLines +
           "pod.uid=1-1\npod.qos=BestEffort\npod.name=default/batch\nusage=800\n"
           "cause=watermark/cpu\nend\n";
}

TEST_F(Leftovers, of_the_first_version_are_put_back_after_an_upgrade) {
    const auto path = node.addPod("1-1");
    const auto before = node.everything();
    node.setCpuMax(path, "50000 100000\n");
    node.setAttribute(path, recordOfFirstVersion(node, path, ""));
    const auto outcomes = undo();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].done) << outcomes[0].error;
    EXPECT_EQ(outcomes[0].step.usage, (Resources{Millicores{800}, Bytes{}}));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(Leftovers, of_the_first_version_in_systemd_and_in_the_list_are_put_back_after_an_upgrade) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    const auto before = node.everything();
    const auto unit = path.substr(path.rfind('/') + 1);
    const auto record =
        recordOfFirstVersion(node, path,
                             "unit=" + unit +
                                 "\nunit.transient=0\nunit.quota=infinity\nunit.period=infinity\n"
                                 "unit.dropin-directory=0\nunit.dropin=50-CPUQuota.conf -\n"
                                 "unit.dropin=50-CPUQuotaPeriodSec.conf -\n");
    for (const bool attributeIsGone : {false, true}) {
        node.systemd->setQuota(path, 500'000);
        node.tree.write(Node::kCgroups + path + "/memory.max", "1073741824\n");
        node.tree.write(Node::kCgroups + path + "/cpu.weight", "33\n");
        node.tree.write("run/units/" + unit, record);
        if (!attributeIsGone) {
            node.setAttribute(path, record);
        }
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 1U);
        EXPECT_TRUE(outcomes[0].done) << outcomes[0].error;
        EXPECT_EQ(node.everything(), before);
    }
}

TEST_F(Leftovers, of_two_levers_are_two_outcomes) {
    for (const bool isUnit : {false, true}) {
        const auto path = isUnit ? node.addUnitPod("2-2") : node.addPod("1-1");
        const auto before = node.everything();
        ASSERT_TRUE(node.carryOutOne(node.throttle(path, noHigh(), high(100))).done);
        throttleAndDie(path);
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 2U);
        EXPECT_EQ(outcomes[0].step.lever, Lever::cpuMax);
        EXPECT_EQ(outcomes[0].step.from, limit(50'000));
        EXPECT_EQ(outcomes[1].step.lever, Lever::memoryHigh);
        EXPECT_EQ(outcomes[1].step.from, high(100));
        EXPECT_EQ(outcomes[1].step.to, noHigh());
        EXPECT_EQ(node.everything(), before);
    }
}

TEST_F(Leftovers, with_one_record_that_cannot_be_read_the_other_is_put_back) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, noHigh(), high(100))).done);
    throttleAndDie(path);
    node.setAttribute(path, node.attribute(path), Lever::memoryHigh);
    const auto outcomes = undo();
    ASSERT_EQ(outcomes.size(), 2U);
    EXPECT_TRUE(outcomes[0].done);
    EXPECT_THAT(outcomes[1].error, HasSubstr("memory.high is left as it is"));
    EXPECT_THAT(outcomes[1].error, HasSubstr("is about cpu.max"));
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.memoryHigh(path), highText(100));
}

TEST_F(Leftovers, of_two_levers_in_a_unit_whose_cgroup_is_gone_are_removed) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, noHigh(), high(100))).done);
    throttleAndDie(path);
    node.systemd->stop(path);
    EXPECT_EQ(undo().size(), 2U);
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")));
    EXPECT_THAT(undo(), IsEmpty());
}

TEST_F(Leftovers, of_two_levers_in_a_unit_that_came_back_give_it_its_own_limits) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, noHigh(), high(100))).done);
    throttleAndDie(path);
    const auto unit = node.systemd->units.at(path);
    node.systemd->stop(path);
    node.addPod("1-1", "50000 100000\n", highText(100)); // the drop-ins at work
    node.systemd->units[path] = unit;
    undo();
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.memoryHigh(path), "max\n");
    EXPECT_EQ(node.systemd->units.at(path).memory.amount, cgroup::kNotSet);
    EXPECT_EQ(node.attribute(path), "");
    EXPECT_EQ(node.attribute(path, Lever::memoryHigh), "");
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")));
}

TEST_F(Leftovers, are_put_back_without_systemd_and_twice_in_a_row) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    throttleAndDie(path);
    node.systemd->available = false;
    for (int run = 0; run < 2; ++run) {
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 1U);
        EXPECT_TRUE(outcomes[0].done) << outcomes[0].error;
        EXPECT_EQ(node.cpuMax(path), "max 100000\n");
        EXPECT_EQ(node.attribute(path), "");
        node.restart();
    }
    node.systemd->available = true;
    undo();
    EXPECT_EQ(node.everything(), before);
    EXPECT_THAT(undo(), IsEmpty());
}

TEST_F(Leftovers, a_daemon_reload_between_the_kill_and_the_start_changes_nothing) {
    const auto path = node.addUnitPod("1-1", "12345 100000\n", {Lever::cpuMax, 130'000, 100'000});
    const auto before = node.everything();
    throttleAndDie(path, limit(12'345));
    node.systemd->daemonReload();
    node.tree.write(Node::kCgroups + path + "/memory.max", "1073741824\n"); // not our doing
    node.tree.write(Node::kCgroups + path + "/cpu.weight", "33\n");
    EXPECT_TRUE(undo().at(0).done);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(Leftovers, drop_ins_of_a_unit_whose_cgroup_is_gone_are_removed) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    throttleAndDie(path);
    node.systemd->stop(path);
    for (const bool available : {false, true}) {
        node.systemd->available = available;
        const auto outcomes = undo();
        ASSERT_EQ(outcomes.size(), 1U);
        EXPECT_TRUE(outcomes[0].gone);
        EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")));
    }
    EXPECT_THAT(undo(), IsEmpty());
}

TEST_F(Leftovers, a_unit_that_came_back_with_our_drop_in_gets_its_own_quota) {
    const auto path = node.addUnitPod("1-1", "max 100000\n", {}, false);
    throttleAndDie(path);
    const auto unit = node.systemd->units.at(path);
    node.systemd->stop(path);
    node.addPod("1-1", "50000 100000\n"); // the drop-in at work
    node.systemd->units[path] = unit;
    undo();
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.systemd->units.at(path).state.limit, cgroup::UnitLimit{});
    EXPECT_EQ(node.attribute(path), "");
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")));
}

TEST_F(Leftovers, a_cgroup_made_again_under_the_same_path_is_left_alone) {
    const auto path = node.addPod("1-1");
    throttleAndDie(path);
    node.tree.recreateCgroup(Node::kCgroups + path, {.cpuMax = "50000 100000\n"});
    const auto before = node.everything();
    EXPECT_THAT(undo(), IsEmpty());
    EXPECT_EQ(node.everything(), before);
}

TEST_F(Leftovers, a_half_written_list_entry_is_taken_away) {
    node.tree.write("run/units/kubepods-pod1_1.slice.new", "half");
    node.tree.write("run/units/kubepods-pod2_2.slice", "garbage");
    const auto outcomes = undo();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_FALSE(outcomes[0].done);
    EXPECT_THAT(outcomes[0].error, HasSubstr("kubepods-pod2_2.slice"));
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("run/units/kubepods-pod1_1.slice.new")));
}

TEST_F(Leftovers, that_cannot_be_written_are_said_and_kept_for_the_next_time) {
    const auto path = node.addPod("1-1");
    throttleAndDie(path);
    node.files->failure = [](std::string_view operation, const std::string& file) {
        return operation == "write" && file == "cpu.max" ? EBUSY : 0;
    };
    EXPECT_THAT(undo().at(0).error, HasSubstr("busy"));
    node.files->failure = nullptr;
    EXPECT_TRUE(undo().at(0).done);
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
}

TEST_F(Leftovers, a_step_on_a_pod_with_a_record_of_an_earlier_run_puts_that_back_first) {
    const auto path = node.addPod("1-1");
    throttleAndDie(path);
    const auto outcome = node.carryOutOne(node.throttle(path, limit(50'000), limit(40'000)));
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr("an earlier run"));
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.attribute(path), "");
}

} // namespace
} // namespace plimsoll::test
