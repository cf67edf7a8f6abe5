// SPDX-License-Identifier: Apache-2.0
#include "daemon/executor/executor.hpp"
#include "daemon/leftovers.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace plimsoll {
namespace {

class Names : public audit::Sink {
public:
    void write(const audit::Entry& entry) override { names.emplace_back(info(entry.event).name); }
    std::vector<std::string> names;
};

const std::string kPod = test::systemdPodPath("besteffort", "11-22");

class Leftovers : public testing::Test {
protected:
    /// A pod below `kubepods` that a run now dead has throttled.
    void throttleAndDie() {
        tree.writeCgroup(kPod);
        layout = {.mount = tree.root(), .kubepods = CgroupPath("/kubepods.slice")};
        ASSERT_TRUE(rememberLayout(tree.path("run"), layout).has_value());
        const auto inode = std::make_shared<PodCgroup>(PodCgroup{
            .uid = PodUid("11-22"),
            .cgroup = {.path = CgroupPath("/" + kPod), .inode = inodeOf(tree.path(kPod))}});
        executor::Executor executor(layout, tree.path("run"));
        Plan plan{.tick = 1};
        plan.steps.push_back({.kind = StepKind::throttle,
                              .pod = inode,
                              .from = CpuMax{},
                              .to = CpuMax{Microseconds{50'000}}});
        const auto outcomes = executor.carryOut(plan);
        ASSERT_EQ(outcomes.size(), 1U);
        ASSERT_TRUE(outcomes[0].done) << outcomes[0].error;
        ASSERT_EQ(tree.read(kPod + "/cpu.max").substr(0, 5), "50000");
    }
    static std::uint64_t inodeOf(const std::string& path) {
        struct stat info{};
        return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
    }
    test::FakeTree tree;
    cgroup::Layout layout;
    Names audit;
};

TEST_F(Leftovers, are_put_back_in_the_configured_tree) {
    throttleAndDie();
    EXPECT_TRUE(undoLeftovers(tree.path("run"), layout, "test", audit));
    EXPECT_EQ(tree.read(kPod + "/cpu.max"), "max 100000\n");
    EXPECT_EQ(audit.names, std::vector<std::string>{"leftover-undone"});
}

TEST_F(Leftovers, are_put_back_where_the_run_before_worked_though_the_configuration_changed) {
    throttleAndDie();
    const cgroup::Layout other{.mount = tree.root(), .kubepods = CgroupPath("/elsewhere.slice")};
    EXPECT_TRUE(undoLeftovers(tree.path("run"), other, "test", audit));
    EXPECT_EQ(tree.read(kPod + "/cpu.max"), "max 100000\n");
}

TEST_F(Leftovers, of_no_run_before_are_none) {
    const cgroup::Layout nothing{.mount = tree.root()};
    EXPECT_TRUE(undoLeftovers(tree.path("run"), nothing, "test", audit));
    EXPECT_TRUE(audit.names.empty());
}

TEST_F(Leftovers, survive_a_garbled_memory_of_the_layout) {
    throttleAndDie();
    tree.write("run/layout", "no path\n");
    EXPECT_TRUE(undoLeftovers(tree.path("run"), layout, "test", audit));
    EXPECT_EQ(tree.read(kPod + "/cpu.max"), "max 100000\n");
}

} // namespace
} // namespace plimsoll
