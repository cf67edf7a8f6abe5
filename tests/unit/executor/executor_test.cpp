// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/executor/node.hpp"

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CarryingOut : public NodeTest {};

TEST_F(CarryingOut, writes_nothing_when_the_value_changed_since_it_was_read) {
    const auto path = node.addPod("1-1");
    node.setCpuMax(path, "70000 100000\n");
    const auto before = node.everything();
    const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
    EXPECT_FALSE(outcome.done);
    EXPECT_FALSE(outcome.gone);
    EXPECT_EQ(outcome.error, "changed since it was read: expected 'max 100000', cpu.max says "
                             "'70000 100000'");
    EXPECT_EQ(node.everything(), before);
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(CarryingOut, touches_no_cgroup_that_was_made_again_under_the_same_path) {
    const auto path = node.addPod("1-1");
    const auto step = node.throttle(path, unlimited(), limit(50'000));
    node.tree.recreateCgroup(Node::kCgroups + path);
    const auto before = node.everything();
    const auto outcome = node.carryOutOne(step);
    EXPECT_FALSE(outcome.done);
    EXPECT_TRUE(outcome.gone);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, says_gone_and_forgets_the_pod_when_its_cgroup_vanished) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    const auto step = node.throttle(path, limit(50'000), limit(40'000));
    node.tree.remove(Node::kCgroups + path);
    const auto outcome = node.carryOutOne(step);
    EXPECT_TRUE(outcome.gone);
    EXPECT_EQ(outcome.error, "");
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(CarryingOut, says_gone_when_the_cgroup_vanishes_under_the_write) {
    const auto path = node.addPod("1-1");
    const auto step = node.throttle(path, unlimited(), limit(50'000));
    node.files->failure = [&](std::string_view operation, const std::string& file) {
        if (operation == "write" && file == "cpu.max") {
            node.tree.remove(Node::kCgroups + path);
            return ENODEV;
        }
        return 0;
    };
    const auto outcome = node.carryOutOne(step);
    EXPECT_TRUE(outcome.gone);
    EXPECT_EQ(outcome.error, "");
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(CarryingOut, leaves_no_trace_of_a_first_write_that_the_kernel_refused) {
    for (const int code : {EBUSY, EACCES, EINVAL}) {
        const auto path = node.addPod("1-1");
        const auto before = node.everything();
        node.files->failure = [code](std::string_view operation, const std::string& file) {
            return operation == "write" && file == "cpu.max" ? code : 0;
        };
        const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
        EXPECT_FALSE(outcome.done);
        EXPECT_FALSE(outcome.gone);
        EXPECT_THAT(outcome.error, HasSubstr(std::strerror(code)));
        node.files->failure = nullptr;
        EXPECT_EQ(node.everything(), before);
        EXPECT_THAT(node.executor->held(), IsEmpty());
    }
}

TEST_F(CarryingOut, changes_nothing_where_no_baseline_can_be_kept) {
    for (const bool isUnit : {false, true}) {
        const auto path = isUnit ? node.addUnitPod("2-2") : node.addPod("1-1");
        const auto before = node.everything();
        node.files->failure = [](std::string_view operation, const std::string&) {
            return operation == "setxattr" ? EOPNOTSUPP : 0;
        };
        const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
        EXPECT_FALSE(outcome.done);
        EXPECT_THAT(outcome.error, StartsWith("not changed, as its baseline cannot be kept: "));
        EXPECT_EQ(node.everything(), before);
        EXPECT_EQ(node.systemd->changes, 0);
    }
}

TEST_F(CarryingOut, does_not_act_on_a_cgroup_with_a_record_it_cannot_read) {
    const auto path = node.addPod("1-1");
    node.setAttribute(path, "plimsoll cpu.max 9\nend\n");
    const auto before = node.everything();
    const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr("setfattr -x user.plimsoll.cpu.max"));
    EXPECT_THAT(outcome.error, HasSubstr("version '9'"));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, does_not_touch_a_unit_while_systemd_cannot_be_asked) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->available = false;
    EXPECT_THAT(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).error,
                HasSubstr("asking systemd"));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, leaves_no_trace_when_systemd_denies_the_change) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->denies = true;
    EXPECT_THAT(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).error,
                HasSubstr("setting CPUQuota"));
    EXPECT_EQ(node.everything(), before);
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(CarryingOut, puts_back_what_systemd_does_after_its_time_was_out) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    node.systemd->late = true;
    EXPECT_FALSE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    ASSERT_EQ(node.executor->held().size(), 1U) << "it may happen yet";
    EXPECT_EQ(node.executor->held()[0].applied, unlimited());
    node.systemd->finishLate();
    ASSERT_EQ(node.cpuMax(path), "50000 100000\n");

    // The planner sees a value it does not know and means to let go.
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, unlimited(), limit(50'000)));
    EXPECT_FALSE(outcome.done);
    EXPECT_THAT(outcome.error, HasSubstr("Plimsoll's own"));
    EXPECT_EQ(node.executor->held()[0].applied, limit(50'000));

    EXPECT_TRUE(node.executor->undoAll("stop").front().done);
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, stores_the_record_of_a_file_once) {
    const auto path = node.addPod("1-1");
    int stored = 0;
    node.files->failure = [&stored](std::string_view operation, const std::string&) {
        stored += operation == "setxattr" ? 1 : 0;
        return 0;
    };
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    EXPECT_EQ(stored, 1);
}

TEST_F(CarryingOut, puts_back_beside_what_a_late_call_wrote_as_soon_as_systemd_answers) {
    const auto path = node.addUnitPod("1-1");
    const auto memoryMax = std::string(Node::kCgroups) + path + "/memory.max";
    auto expected = node.everything();
    node.systemd->late = true;
    ASSERT_FALSE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.carryOut({});
    node.systemd->finishLate();
    ASSERT_EQ(node.tree.read(memoryMax), "max\n");
    node.carryOut({});
    EXPECT_EQ(node.tree.read(memoryMax), "1073741824\n");
    // kubelet resizes the pod, long after the call: that is not put back.
    node.tree.write(memoryMax, "2147483648\n");
    node.executor->undoAll("stop");
    expected["/" + memoryMax] = "2147483648\n";
    EXPECT_EQ(node.everything(), expected);
}

TEST_F(CarryingOut, puts_back_beside_what_the_late_call_of_an_undo_wrote) {
    const auto path = node.addUnitPod("1-1");
    const auto memoryMax = std::string(Node::kCgroups) + path + "/memory.max";
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.systemd->late = true;
    EXPECT_TRUE(node.carryOutOne(node.backToBaseline(path, limit(50'000), unlimited())).done);
    node.tree.write(memoryMax, "2147483648\n"); // systemd does not answer: this is somebody else's
    node.carryOut({});
    EXPECT_EQ(node.tree.read(memoryMax), "2147483648\n");
    node.systemd->finishLate();
    ASSERT_EQ(node.tree.read(memoryMax), "max\n");
    node.carryOut({});
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, a_failed_step_does_not_stop_the_others) {
    const auto first = node.addPod("1-1");
    const auto second = node.addPod("2-2");
    const auto third = node.addPod("3-3");
    const auto gone = node.throttle(first, unlimited(), limit(50'000));
    node.tree.remove(Node::kCgroups + first);
    const auto outcomes = node.carryOut({gone, node.throttle(second, limit(1'000), limit(50'000)),
                                         node.throttle(third, unlimited(), limit(50'000))});
    ASSERT_EQ(outcomes.size(), 3U);
    EXPECT_TRUE(outcomes[0].gone);
    EXPECT_FALSE(outcomes[1].done);
    EXPECT_TRUE(outcomes[2].done);
    EXPECT_EQ(node.cpuMax(third), "50000 100000\n");
}

TEST_F(CarryingOut, skips_previews) {
    const auto path = node.addPod("1-1");
    const auto before = node.everything();
    auto step = node.throttle(path, unlimited(), limit(50'000));
    step.disposition = Disposition::preview;
    EXPECT_THAT(node.carryOut({step}), IsEmpty());
    EXPECT_EQ(node.everything(), before);
}

TEST_F(CarryingOut, holds_what_it_throttled_with_the_usage_of_the_first_time) {
    const auto path = node.addPod("1-1", "200000 100000\n");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, limit(200'000), limit(150'000))).done);
    auto second = node.throttle(path, limit(150'000), limit(100'000));
    second.usage = {Millicores{300}, Bytes{}};
    second.causes = {{"watermark", "cpu"}, {"watermark", "pressure"}};
    const auto outcome = node.carryOutOne(second);
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.writer, "file");
    ASSERT_EQ(node.executor->held().size(), 1U);
    const HeldPod& held = node.executor->held()[0];
    EXPECT_EQ(held.podName, "default/batch");
    EXPECT_EQ(held.baseline, limit(200'000));
    EXPECT_EQ(held.applied, limit(100'000));
    EXPECT_EQ(held.firstUsage, (Resources{Millicores{800}, Bytes{300 * kMiB}}));
    EXPECT_EQ(held.changedTick, 2U);
    EXPECT_EQ(held.reapplied, 0U);
    EXPECT_THAT(held.causes,
                ElementsAre(RuleKey{"watermark", "cpu"}, RuleKey{"watermark", "pressure"}));
    EXPECT_THAT(node.attribute(path), HasSubstr("\nbaseline=200000 100000\\n\n"));
}

TEST_F(CarryingOut, restores_by_steps_and_at_last_the_very_bytes) {
    // A file that lacks the newline is put back without one.
    const auto path = node.addPod("1-1", "12345 50000");
    const auto before = node.everything();
    ASSERT_TRUE(
        node.carryOutOne(node.throttle(path, limit(12'345, 50'000), limit(5'000, 50'000))).done);
    ASSERT_TRUE(node.carryOutOne(node.step(StepKind::restore, path, limit(5'000, 50'000),
                                           limit(9'000, 50'000)))
                    .done);
    EXPECT_EQ(node.cpuMax(path), "9000 50000\n");
    const auto outcome =
        node.carryOutOne(node.backToBaseline(path, limit(9'000, 50'000), limit(12'345, 50'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(node.everything(), before);
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(CarryingOut, counts_how_often_it_wrote_over_drift) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "max 100000\n");
    const auto outcome =
        node.carryOutOne(node.step(StepKind::reapply, path, unlimited(), limit(50'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(node.executor->held()[0].reapplied, 1U);
    EXPECT_EQ(node.cpuMax(path), "50000 100000\n");
}

TEST_F(CarryingOut, forgets_pods_that_vanished_but_not_those_that_were_not_read) {
    const auto stays = node.addPod("1-1");
    const auto goes = node.addUnitPod("2-2", "max 100000\n", {}, false);
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(stays, unlimited(), limit(50'000))).done);
    ASSERT_TRUE(node.carryOutOne(node.throttle(goes, unlimited(), limit(50'000))).done);
    node.systemd->stop(goes);
    ASSERT_TRUE(std::filesystem::exists(node.tree.path("systemd/system.control")));
    node.executor->forgetVanished(Snapshot{});
    ASSERT_EQ(node.executor->held().size(), 1U);
    EXPECT_EQ(node.executor->held()[0].pod->cgroup.path.value, stays);
    EXPECT_FALSE(std::filesystem::exists(node.tree.path("systemd/system.control")))
        << "a unit that ends leaves its drop-in for the next one of that name";
    EXPECT_THAT(node.everything(),
                testing::Not(testing::Contains(testing::Key(HasSubstr("/run/units/")))));
}

class ThroughSystemd : public NodeTest {};

TEST_F(ThroughSystemd, sets_the_property_so_that_the_value_survives_a_daemon_reload) {
    const auto path = node.addUnitPod("1-1");
    const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(outcome.writer, "systemd");
    EXPECT_EQ(node.cpuMax(path), "50000 100000\n");
    node.systemd->daemonReload();
    EXPECT_EQ(node.cpuMax(path), "50000 100000\n");
}

TEST_F(ThroughSystemd, puts_back_what_systemd_writes_beside_cpu_max) {
    const auto path = node.addUnitPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    EXPECT_EQ(node.tree.read(Node::kCgroups + path + "/memory.max"), "1073741824\n");
    EXPECT_EQ(node.tree.read(Node::kCgroups + path + "/cpu.weight"), "33\n");
}

TEST_F(ThroughSystemd, says_what_was_really_set_where_the_plan_was_finer_than_a_percent) {
    const auto path = node.addUnitPod("1-1");
    const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(12'345)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(outcome.step.to, limit(13'000));
    EXPECT_EQ(node.executor->held()[0].applied, limit(13'000));
}

TEST_F(ThroughSystemd, gives_back_bytes_properties_and_drop_ins_whatever_they_were) {
    struct Case {
        const char* cpuMax;
        CpuMax from;
        cgroup::UnitLimit properties;
        bool transient;
        bool hasDropIn;
    };
    const Case cases[] = {
        {"max 100000\n", unlimited(), {}, true, false},
        {"max 100000\n", unlimited(), {}, false, false},
        {"12345 100000\n", limit(12'345), {Lever::cpuMax, 130'000, 100'000}, true, true},
        {"12345 100000\n", limit(12'345), {Lever::cpuMax, 130'000, 100'000}, true, false},
        {"50000 50000\n", limit(50'000, 50'000), {Lever::cpuMax, 1'000'000, 50'000}, false, true},
        {"20000 20000\n", limit(20'000, 20'000), {}, true, false}, // by hand, another period
    };
    int uid = 0;
    for (const auto& one : cases) {
        const auto name = "0-" + std::to_string(++uid);
        const auto path = node.addUnitPod(name, one.cpuMax, one.properties, one.transient);
        if (one.hasDropIn) {
            node.systemd->setQuota(path, one.properties.amount);
            node.setCpuMax(path, one.cpuMax);
            node.tree.write(Node::kCgroups + path + "/memory.max", "77\n");
        }
        const auto before = node.everything();
        const CpuMax first{Microseconds{one.from.period.count() / 10}, one.from.period};
        const CpuMax second{Microseconds{one.from.period.count() / 20}, one.from.period};
        for (const auto& step :
             {node.throttle(path, one.from, first), node.throttle(path, first, second),
              node.backToBaseline(path, second, one.from)}) {
            const auto outcome = node.carryOutOne(step);
            ASSERT_TRUE(outcome.done) << one.cpuMax << outcome.error;
            EXPECT_EQ(outcome.step.reason, "cpu above the watermark") << "nothing to remark";
        }
        EXPECT_EQ(node.everything(), before) << one.cpuMax;
    }
}

TEST_F(ThroughSystemd, a_slice_with_groups_that_are_no_units_is_written_by_file) {
    // systemd would switch off their controllers, and with that their limits.
    const auto path = node.addUnitPod("1-1");
    node.tree.write(Node::kCgroups + path + "/by-hand/cpu.max", "5000 100000\n");
    const auto outcome = node.carryOutOne(node.throttle(path, unlimited(), limit(50'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(outcome.writer, "file");
    EXPECT_EQ(node.systemd->changes, 0);
}

TEST_F(ThroughSystemd, a_drop_in_that_holds_more_than_a_quota_is_not_overwritten) {
    const auto path = node.addUnitPod("1-1");
    node.tree.write(node.systemd->directory(node.systemd->units.at(path)) + "/50-CPUQuota.conf",
                    "[Slice]\nMemoryMax=1G\n");
    const auto before = node.everything();
    EXPECT_THAT(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).error,
                HasSubstr("holds more than CPUQuota"));
    EXPECT_EQ(node.everything(), before);
}

TEST_F(ThroughSystemd, undoes_by_file_while_systemd_is_away_and_the_property_when_it_is_back) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.systemd->available = false;
    const auto outcome = node.executor->undoAll("stop").front();
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(outcome.writer, "file");
    EXPECT_THAT(outcome.step.reason, HasSubstr("systemd still has our CPUQuota in memory"));
    EXPECT_EQ(node.cpuMax(path), "max 100000\n");
    EXPECT_EQ(node.attribute(path), "");
    EXPECT_FALSE(std::filesystem::exists(
        node.tree.path(node.systemd->directory(node.systemd->units.at(path)))));

    node.systemd->available = true;
    node.carryOut({}); // the next tick
    EXPECT_EQ(node.everything(), before);
}

TEST_F(ThroughSystemd, does_not_take_its_own_forgotten_quota_for_a_baseline) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.systemd->available = false;
    ASSERT_TRUE(node.executor->undoAll("stop").front().done);
    node.restart();
    node.systemd->available = true;
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(40'000))).done);
    ASSERT_TRUE(node.executor->undoAll("stop").front().done);
    EXPECT_EQ(node.everything(), before);
}

class LettingGo : public NodeTest {};

TEST_F(LettingGo, leaves_somebody_elses_value_and_nothing_of_ours) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "70000 100000\n");
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, limit(50'000), limit(70'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(node.cpuMax(path), "70000 100000\n");
    EXPECT_EQ(node.attribute(path), "");
    EXPECT_THAT(node.executor->held(), IsEmpty());
}

TEST_F(LettingGo, takes_our_property_away_where_their_value_is_in_the_file_only) {
    const auto path = node.addUnitPod("1-1");
    auto expected = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "70000 100000\n");
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, limit(50'000), limit(70'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    expected["/cgroup" + path + "/cpu.max"] = "70000 100000\n";
    EXPECT_EQ(node.everything(), expected);
}

TEST_F(LettingGo, leaves_property_and_drop_in_where_their_value_came_through_systemd) {
    const auto path = node.addUnitPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.systemd->setQuota(path, 700'000);
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, limit(50'000), limit(70'000)));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(node.cpuMax(path), "70000 100000\n");
    node.systemd->daemonReload();
    EXPECT_EQ(node.cpuMax(path), "70000 100000\n");
    EXPECT_EQ(node.attribute(path), "");
}

TEST_F(LettingGo, gives_up_a_contested_value_with_the_baseline_standing) {
    const auto path = node.addUnitPod("1-1");
    const auto before = node.everything();
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "max 100000\n"); // again and again
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, limit(50'000), unlimited()));
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_EQ(node.everything(), before);
}

TEST_F(LettingGo, does_not_happen_to_a_value_that_changed_once_more) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "60000 100000\n");
    const auto outcome =
        node.carryOutOne(node.step(StepKind::yield, path, limit(50'000), limit(70'000)));
    EXPECT_THAT(outcome.error, StartsWith("changed since it was read"));
    EXPECT_EQ(node.executor->held().size(), 1U);
}

TEST_F(LettingGo, on_stop_leaves_a_value_that_is_not_ours_and_says_so) {
    const auto path = node.addPod("1-1");
    ASSERT_TRUE(node.carryOutOne(node.throttle(path, unlimited(), limit(50'000))).done);
    node.setCpuMax(path, "70000 100000\n");
    const auto outcome = node.executor->undoAll("stop").front();
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.step.kind, StepKind::yield);
    EXPECT_THAT(outcome.step.reason, HasSubstr("somebody else's value '70000 100000' stays"));
    EXPECT_EQ(node.cpuMax(path), "70000 100000\n");
    EXPECT_EQ(node.attribute(path), "");
}

} // namespace
} // namespace plimsoll::test
