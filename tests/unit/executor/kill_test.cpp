// SPDX-License-Identifier: Apache-2.0
// kill -9 after every single operation; the next start puts everything back, byte for byte.
#include "tests/unit/executor/node.hpp"

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

struct Scene {
    const char* name;
    bool isUnit;
    bool transient;
    const char* cpuMax;
    CpuMax from;
    cgroup::UnitLimit properties;
    bool hasDropIn;
};

void PrintTo(const Scene& scene, std::ostream* out) {
    *out << scene.name;
}

class KilledAnywhere : public testing::TestWithParam<Scene> {
protected:
    static constexpr int kFarMoreThanItTakes = 2000;

    static void SetUpTestSuite() { keepTemporaryFilesInMemory(); }
    void SetUp() override {
        if (!temporaryDirectoryTakesAttributes()) {
            GTEST_SKIP() << "the temporary directory takes no user attributes (tmpfs before 6.6)";
        }
    }

    /// A fresh node each time; returns the pod's path.
    static std::string furnish(Node& node) {
        const Scene& scene = GetParam();
        if (!scene.isUnit) {
            return node.addPod("1-1", scene.cpuMax);
        }
        const auto path = node.addUnitPod("1-1", scene.cpuMax, scene.properties, scene.transient);
        if (scene.hasDropIn) {
            node.systemd->setQuota(path, scene.properties.amount);
            node.setCpuMax(path, scene.cpuMax);
            node.tree.write(Node::kCgroups + path + "/memory.max", "1073741824\n");
        }
        return path;
    }

    static CpuMax part(int percent) {
        const auto period = GetParam().from.period;
        return {Microseconds{period.count() * percent / 100}, period};
    }

    /// Runs `prepare`, then `act` with a kill after 0, 1, 2, … operations until it is through.
    template <class Prepare, class Act, class Expect>
    static void killEverywhere(Prepare prepare, Act act, Expect expect) {
        int kills = 0;
        for (; kills < kFarMoreThanItTakes; ++kills) {
            Node node;
            const auto path = furnish(node);
            const auto before = node.everything();
            prepare(node, path);
            node.fuse.set(kills);
            bool through = false;
            try {
                act(node, path);
                through = true;
            } catch (const Killed&) {
            }
            node.restart();
            // The undo is killed as well, at a moment that differs from round to round.
            node.fuse.set(kills % 17);
            try {
                node.executor->undoLeftovers("left by an earlier run");
            } catch (const Killed&) {
            }
            node.restart();
            for (const auto& outcome : node.executor->undoLeftovers("left by an earlier run")) {
                EXPECT_TRUE(outcome.done) << outcome.error;
            }
            expect(node, path, before, "killed after " + std::to_string(kills) + " operations");
            if (through || testing::Test::HasFailure()) {
                break;
            }
        }
        EXPECT_GT(kills, 3) << "the fuse did not burn";
        EXPECT_LT(kills, kFarMoreThanItTakes);
    }

    static void expectAsBefore(const Node& node, const std::string&,
                               const std::map<std::string, std::string>& before,
                               const std::string& when) {
        EXPECT_EQ(node.everything(), before) << when;
    }
    static void nothing(Node&, const std::string&) {}
    static void throttled(Node& node, const std::string& path) {
        ASSERT_TRUE(node.carryOutOne(node.throttle(path, GetParam().from, part(10))).done);
    }
};

TEST_P(KilledAnywhere, in_the_first_throttle) {
    killEverywhere(
        nothing,
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.throttle(path, GetParam().from, part(10)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_a_later_throttle) {
    killEverywhere(
        throttled,
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.throttle(path, part(10), part(5)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_a_restore_by_one_step) {
    killEverywhere(
        throttled,
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.step(StepKind::restore, path, part(10), part(11)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_last_restore) {
    killEverywhere(
        throttled,
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.backToBaseline(path, part(10), GetParam().from));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_stop) {
    killEverywhere(
        throttled, [](Node& node, const std::string&) { node.executor->undoAll("stop"); },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_reapplying_a_value_that_was_lost) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            node.setCpuMax(path, GetParam().cpuMax);
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.step(StepKind::reapply, path, GetParam().from, part(10)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_letting_go_of_somebody_elses_value) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            node.setCpuMax(path, "77000 100000\n");
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.step(StepKind::yield, path, part(10), limit(77'000)));
        },
        [](const Node& node, const std::string& path, std::map<std::string, std::string> before,
           const std::string& when) {
            before["/cgroup" + path + "/cpu.max"] = "77000 100000\n";
            EXPECT_EQ(node.everything(), before) << when;
        });
}

INSTANTIATE_TEST_SUITE_P(
    Pods, KilledAnywhere,
    testing::Values(
        Scene{"cgroupfs", false, false, "max 100000\n", unlimited(), {}, false},
        Scene{"slice_without_a_file", true, false, "max 100000\n", unlimited(), {}, false},
        Scene{"transient_slice", true, true, "max 100000\n", unlimited(), {}, false},
        Scene{"quota_finer_than_systemds",
              true,
              true,
              "12345 100000\n",
              limit(12'345),
              {Lever::cpuMax, 130'000, 100'000},
              true},
        Scene{"period_unlike_systemds",
              true,
              false,
              "20000 20000\n",
              limit(20'000, 20'000),
              {},
              false}),
    [](const auto& scene) { return scene.param.name; });

} // namespace
} // namespace plimsoll::test
