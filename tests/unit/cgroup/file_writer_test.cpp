// SPDX-License-Identifier: Apache-2.0
#include "cgroup/beside_files.hpp"
#include "cgroup/file_writer.hpp"
#include "tests/unit/support/fake_tree.hpp"
#include "tests/unit/support/real_cgroup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::cgroup {
namespace {

using test::FakeTree;
using testing::HasSubstr;

const CgroupPath kPath("/kubepods/pod1-1");

class Writing : public testing::Test {
protected:
    OpenGroup open() { return port_.openGroup(tree_.path(kPath.value)).value(); }

    FakeTree tree_{{"kubepods/pod1-1/cpu.max", "100000 100000\n"}};
    WritePort port_;
};

TEST_F(Writing, a_vanished_cgroup_is_gone_and_not_a_fault) {
    const auto group = open();
    tree_.remove(kPath.value);
    const auto done =
        FileWriter(port_, tree_.root()).write(group, kPath, Lever::cpuMax, "5000 100000");
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().gone());
    EXPECT_TRUE(port_.groupIsGone(group));
    EXPECT_TRUE(port_.openGroup(tree_.path(kPath.value)).error().gone());
}

TEST_F(Writing, goes_to_the_group_that_was_opened_and_not_to_its_successor) {
    const auto group = open();
    std::filesystem::rename(tree_.path("kubepods/pod1-1"), tree_.path("kubepods/old"));
    tree_.write("kubepods/pod1-1/cpu.max", "max 100000\n");
    EXPECT_TRUE(port_.groupIsGone(group));
    ASSERT_TRUE(FileWriter(port_, tree_.root()).write(group, kPath, Lever::cpuMax, "5000 100000"));
    EXPECT_EQ(tree_.read("kubepods/pod1-1/cpu.max"), "max 100000\n");
    EXPECT_EQ(tree_.read("kubepods/old/cpu.max"), "5000 100000");
}

TEST_F(Writing, tells_path_and_reason_of_a_refusal) {
    const auto group = open();
    std::filesystem::remove(tree_.path("kubepods/pod1-1/cpu.max"));
    tree_.makeDirectory("kubepods/pod1-1/cpu.max");
    const auto done =
        FileWriter(port_, tree_.root()).write(group, kPath, Lever::cpuMax, "5000 100000");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, EISDIR);
    EXPECT_EQ(done.error().what,
              "opening " + tree_.path("kubepods/pod1-1/cpu.max") + ": Is a directory");
}

TEST_F(Writing, notices_a_value_that_did_not_stick) {
    class Forgetful : public WritePort {
        Result<void> write(const OpenGroup&, const std::string&, std::string_view) override {
            return {};
        }
    } forgetful;
    const auto done =
        FileWriter(forgetful, tree_.root()).write(open(), kPath, Lever::cpuMax, "5000 100000\n");
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("wrote '5000 100000', it says '100000 100000'"));
}

TEST_F(Writing, leaves_no_tail_of_a_longer_value) {
    ASSERT_TRUE(FileWriter(port_, tree_.root()).write(open(), kPath, Lever::cpuMax, "50 1000"));
    EXPECT_EQ(tree_.read("kubepods/pod1-1/cpu.max"), "50 1000");
}

TEST_F(Writing, does_not_use_libcgroup_on_a_tree_that_libcgroup_does_not_know) {
    for (const Lever lever : kHeldLevers) {
        EXPECT_FALSE(FileWriter(port_, tree_.root()).usesLibcgroup(lever));
        EXPECT_FALSE(FileWriter(port_, "/nonexistent").usesLibcgroup(lever));
    }
}

TEST_F(Writing, files_beside_are_noted_and_only_what_changed_is_written) {
    const std::string at = "kubepods/pod1-1/";
    tree_.write(at + "cgroup.subtree_control", "cpuset cpu io memory\n");
    tree_.write(at + "cpu.weight", "33\n");
    tree_.write(at + "memory.max", "1073741824\n");
    tree_.write(at + "pids.max", "100\n");
    const auto group = open();
    const auto noted = noteBeside(port_, group, Lever::cpuMax);
    ASSERT_TRUE(noted);

    tree_.write(at + "cgroup.subtree_control", "cpu\n");
    tree_.write(at + "cpu.weight", "100\n");
    std::filesystem::remove(tree_.path(at + "memory.max"));

    class Noting : public WritePort {
    public:
        Result<void> write(const OpenGroup&, const std::string& file,
                           std::string_view bytes) override {
            writes.push_back(file + " " + std::string(bytes));
            return {};
        }
        std::vector<std::string> writes;
    } noting;
    const auto put = putBackBeside(noting, group, *noted);
    EXPECT_FALSE(put) << "memory.max is not there any more, and that is said";
    EXPECT_THAT(noting.writes,
                testing::ElementsAre("cgroup.subtree_control +cpuset", "cgroup.subtree_control +io",
                                     "cgroup.subtree_control +memory", "cpu.weight 33\n"));
}

TEST_F(Writing, each_lever_is_beside_the_other) {
    const std::string at = "kubepods/pod1-1/";
    tree_.write(at + "memory.high", "max\n");
    const auto group = open();
    EXPECT_EQ(noteBeside(port_, group, Lever::cpuMax).value(),
              (std::vector<SavedFile>{{"memory.high", "max\n"}}));
    EXPECT_EQ(noteBeside(port_, group, Lever::memoryHigh).value(),
              (std::vector<SavedFile>{{"cpu.max", "100000 100000\n"}}));
}

TEST_F(Writing, memory_high_goes_into_its_own_file) {
    tree_.write("kubepods/pod1-1/memory.high", "max\n");
    ASSERT_TRUE(
        FileWriter(port_, tree_.root()).write(open(), kPath, Lever::memoryHigh, "52428800\n"));
    EXPECT_EQ(tree_.read("kubepods/pod1-1/memory.high"), "52428800\n");
    EXPECT_EQ(tree_.read("kubepods/pod1-1/cpu.max"), "100000 100000\n");
}

TEST(ExtendedAttributes, live_with_the_group_on_a_real_cgroup2_mount) {
    PLIMSOLL_NEED_REAL_CGROUP(real);
    real.make("pod");
    WritePort port;
    const auto group = port.openGroup(real.root() + "/pod").value();
    EXPECT_TRUE(group.trusted);
    EXPECT_EQ(port.attribute(group, "user.plimsoll.cpu.max").value(), std::nullopt);
    const std::string longText(8000, 'x');
    const auto set = port.setAttribute(group, "user.plimsoll.cpu.max", longText);
    ASSERT_TRUE(set) << set.error().what;
    EXPECT_EQ(port.attribute(group, "user.plimsoll.cpu.max").value(), longText);

    real.remove("pod");
    real.make("pod");
    EXPECT_TRUE(port.groupIsGone(group));
    const auto again = port.openGroup(real.root() + "/pod").value();
    EXPECT_NE(again.inode, group.inode);
    EXPECT_EQ(port.attribute(again, "user.plimsoll.cpu.max").value(), std::nullopt);
    EXPECT_TRUE(port.removeAttribute(again, "user.plimsoll.cpu.max"));
}

} // namespace
} // namespace plimsoll::cgroup
