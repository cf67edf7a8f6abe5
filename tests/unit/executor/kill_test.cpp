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
    Limit from;
    std::string bytes; ///< that the lever's file says
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
            const auto path = node.addPod("1-1");
            node.setValue(path, lever(), scene.bytes);
            return path;
        }
        const bool isCpu = lever() == Lever::cpuMax;
        const auto path = node.addUnitPod(
            "1-1", "max 100000\n", isCpu ? scene.properties : cgroup::UnitLimit{}, scene.transient,
            "max\n", isCpu ? cgroup::kNotSet : scene.properties.amount);
        if (scene.hasDropIn && isCpu) {
            node.systemd->setQuota(path, scene.properties.amount);
        } else if (scene.hasDropIn) {
            node.systemd->setMemoryHigh(path, scene.properties.amount);
        }
        node.tree.write(Node::kCgroups + path + "/memory.max", "1073741824\n");
        node.setValue(path, other(), other() == Lever::cpuMax ? "55000 100000\n" : highText(55));
        node.setValue(path, lever(), scene.bytes);
        return path;
    }

    static Lever lever() { return GetParam().from.lever(); }
    static Lever other() { return lever() == Lever::cpuMax ? Lever::memoryHigh : Lever::cpuMax; }
    static Limit part(int percent) {
        if (lever() == Lever::memoryHigh) {
            return high(4.0 * percent);
        }
        const auto period = GetParam().from.cpuMax().period;
        return CpuMax{Microseconds{period.count() * percent / 100}, period};
    }
    static Limit foreign() {
        return lever() == Lever::memoryHigh ? Limit(high(77)) : Limit(limit(77'000));
    }
    /// To a tenth by the lever that the scene is not about.
    static void throttledByTheOther(Node& node, const std::string& path) {
        const auto now = parseLimit(other(), node.value(path, other()));
        ASSERT_TRUE(now);
        const auto wanted = other() == Lever::memoryHigh ? Limit(high(12)) : Limit(limit(12'000));
        ASSERT_TRUE(node.carryOutOne(node.throttle(path, *now, wanted)).done);
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
            node.setValue(path, lever(), GetParam().bytes);
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
            node.setValue(path, lever(), formatLimit(foreign()) + "\n");
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.step(StepKind::yield, path, part(10), foreign()));
        },
        [](const Node& node, const std::string& path, std::map<std::string, std::string> before,
           const std::string& when) {
            before["/cgroup" + path + "/" + std::string(name(lever()))] =
                formatLimit(foreign()) + "\n";
            EXPECT_EQ(node.everything(), before) << when;
        });
}

TEST_P(KilledAnywhere, in_a_step_that_systemd_is_not_told_of_and_in_telling_it) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            node.files->reclaims = false;
            node.setUsage(path, 400);
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.throttle(path, part(10), part(8)));
            node.carryOutOne(node.step(StepKind::restore, path, part(8), part(9)));
            node.setUsage(path, 1);
            node.carryOut({});
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_stop_with_a_value_that_systemd_was_not_told) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            node.files->reclaims = false;
            node.setUsage(path, 400);
            ASSERT_TRUE(node.carryOutOne(node.throttle(path, part(10), part(8))).done);
            ASSERT_TRUE(
                node.carryOutOne(node.step(StepKind::restore, path, part(8), part(9))).done);
        },
        [](Node& node, const std::string&) { node.executor->undoAll("stop"); }, expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_throttle_by_a_second_lever) {
    killEverywhere(
        throttledByTheOther,
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.throttle(path, GetParam().from, part(10)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_a_change_of_one_of_two_levers) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            throttledByTheOther(node, path);
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.throttle(path, part(10), part(5)));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_last_restore_of_one_of_two_levers) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttled(node, path);
            throttledByTheOther(node, path);
        },
        [](Node& node, const std::string& path) {
            node.carryOutOne(node.backToBaseline(path, part(10), GetParam().from));
        },
        expectAsBefore);
}

TEST_P(KilledAnywhere, in_the_stop_with_two_levers) {
    killEverywhere(
        [](Node& node, const std::string& path) {
            throttledByTheOther(node, path);
            throttled(node, path);
        },
        [](Node& node, const std::string&) { node.executor->undoAll("stop"); }, expectAsBefore);
}

INSTANTIATE_TEST_SUITE_P(
    Pods, KilledAnywhere,
    testing::Values(
        Scene{"cgroupfs", false, false, unlimited(), "max 100000\n", {}, false},
        Scene{"slice_without_a_file", true, false, unlimited(), "max 100000\n", {}, false},
        Scene{"transient_slice", true, true, unlimited(), "max 100000\n", {}, false},
        Scene{"quota_finer_than_systemds",
              true,
              true,
              limit(12'345),
              "12345 100000\n",
              {Lever::cpuMax, 130'000, 100'000},
              true},
        Scene{"period_unlike_systemds",
              true,
              false,
              limit(20'000, 20'000),
              "20000 20000\n",
              {},
              false},
        Scene{"memory_cgroupfs", false, false, noHigh(), "max\n", {}, false},
        Scene{"memory_slice_without_a_file", true, false, noHigh(), "max\n", {}, false},
        Scene{"memory_transient_slice", true, true, noHigh(), "max\n", {}, false},
        Scene{"memory_unlike_systemds",
              true,
              false,
              high(200),
              highText(200),
              {Lever::memoryHigh, static_cast<std::uint64_t>(500 * kMiB)},
              true}),
    [](const auto& scene) { return scene.param.name; });

} // namespace
} // namespace plimsoll::test
