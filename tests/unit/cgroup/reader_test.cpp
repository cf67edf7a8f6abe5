// SPDX-License-Identifier: Apache-2.0
#include "cgroup/directory.hpp"
#include "cgroup/kept_file.hpp"
#include "tests/unit/support/fake_tree.hpp"
#include "tests/unit/support/real_cgroup.hpp"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace plimsoll::cgroup {
namespace {

using test::FakeTree;

class KeptFileReads : public testing::Test {
protected:
    FakeTree tree_{{"pod/", ""}};
    Directory directory_ = *Directory::open(AT_FDCWD, tree_.path("pod").c_str());
    std::array<char, 64> buffer_{};

    auto read(KeptFile& file) { return file.read(directory_.descriptor(), buffer_); }
};

TEST_F(KeptFileReads, missing_file_is_looked_for_rarely_and_found_when_it_comes) {
    KeptFile file("cpu.max");
    for (int call = 0; call < 100; ++call) { // waits of 1, 2, 4, … 32 calls
        EXPECT_EQ(read(file).error(), ReadFailure::missing);
    }
    tree_.write("pod/cpu.max", "max 100000\n");
    int calls = 1;
    while (!read(file) && calls < 40) {
        ++calls;
    }
    EXPECT_GT(calls, 1) << "must not be looked for every time";
    EXPECT_LE(calls, 33);
    EXPECT_EQ(*read(file), "max 100000\n");
}

TEST_F(KeptFileReads, controller_that_comes_right_after_the_mkdir_is_seen_at_the_second_next_call) {
    KeptFile file("cpu.max");
    EXPECT_FALSE(read(file));
    tree_.write("pod/cpu.max", "max 100000\n");
    EXPECT_FALSE(read(file));
    EXPECT_TRUE(read(file));
}

TEST_F(KeptFileReads, too_many_open_files_is_an_error_value) {
    tree_.write("pod/cpu.max", "max 100000\n");
    KeptFile file("cpu.max");
    const int directory = directory_.descriptor();
    std::array<char, 64> buffer{}; // UBSan looks at members of the test itself through a pipe
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto text = file.read(directory, buffer);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error(), ReadFailure::unreadable);
    EXPECT_EQ(file.error(), EMFILE);
}

TEST_F(KeptFileReads, text_longer_than_the_buffer_is_cut_off) {
    tree_.write("pod/long", std::string(100, 'x'));
    KeptFile file("long");
    EXPECT_EQ(read(file)->size(), buffer_.size());
}

TEST_F(KeptFileReads, whole_text_longer_than_the_buffer_is_cut_off_too) {
    tree_.write("pod/long", std::string(100, 'x'));
    KeptFile file("long");
    EXPECT_EQ(file.readWhole(directory_.descriptor(), buffer_)->size(), buffer_.size());
}

TEST(KeptFileOfProc, table_of_several_pages_is_read_whole_at_every_call) {
    const auto proc = Directory::open(AT_FDCWD, "/proc");
    ASSERT_TRUE(proc);
    std::vector<char> buffer(std::size_t{64} * 1024);
    KeptFile file("kallsyms"); // of many rows, which stay the same
    const auto page = file.read(proc->descriptor(), buffer);
    if (!page || page->size() == buffer.size()) {
        GTEST_SKIP() << "this kernel has no such file, or hands it out at once";
    }
    std::ifstream in("/proc/kallsyms");
    std::string expected(buffer.size(), '\0');
    ASSERT_TRUE(in.read(expected.data(), static_cast<std::streamsize>(expected.size())));
    for (int call = 0; call < 2; ++call) {
        const auto text = file.readWhole(proc->descriptor(), buffer);
        ASSERT_TRUE(text);
        EXPECT_TRUE(*text == expected) << text->size() << " bytes";
    }
}

TEST_F(KeptFileReads, opens_once_and_sees_every_new_text) {
    tree_.write("pod/memory.current", "1\n");
    KeptFile file("memory.current");
    EXPECT_EQ(*read(file), "1\n");
    const int descriptor = file.descriptor();
    tree_.write("pod/memory.current", "23\n");
    EXPECT_EQ(*read(file), "23\n");
    EXPECT_EQ(file.descriptor(), descriptor);
}

TEST(DirectoryListing, notices_what_comes_and_goes) {
    FakeTree tree{{"pods/a/", ""}, {"pods/file", "x"}};
    Directory directory = *Directory::open(AT_FDCWD, tree.path("pods").c_str());
    alignas(8) std::array<std::byte, 4096> buffer{};
    std::vector<std::string> names;
    const auto list = [&] {
        names.clear();
        return directory.list(
            buffer, [&](std::string_view name, std::uint64_t) { names.emplace_back(name); });
    };
    EXPECT_TRUE(directory.changed()) << "never listed";
    EXPECT_TRUE(list());
    EXPECT_EQ(names, std::vector<std::string>{"a"});
    EXPECT_FALSE(directory.changed());

    tree.makeDirectory("pods/b");
    EXPECT_TRUE(directory.changed());
    EXPECT_TRUE(list());
    EXPECT_EQ(names.size(), 2U);
    tree.remove("pods/a");
    EXPECT_TRUE(directory.changed());
}

// What plain files cannot show.

TEST(RealCgroup2, kept_open_file_of_a_removed_group_is_gone_also_when_the_path_is_made_again) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    cgroup.make("pod");
    auto directory = Directory::open(AT_FDCWD, (cgroup.root() + "/pod").c_str());
    ASSERT_TRUE(directory);
    std::array<char, 4096> buffer{};
    KeptFile file("cpu.stat");
    ASSERT_TRUE(file.read(directory->descriptor(), buffer));

    cgroup.remove("pod");
    cgroup.make("pod");
    EXPECT_EQ(file.read(directory->descriptor(), buffer).error(), ReadFailure::gone);
    EXPECT_EQ(file.read(directory->descriptor(), buffer).error(), ReadFailure::missing);
    const auto again = Directory::open(AT_FDCWD, (cgroup.root() + "/pod").c_str());
    ASSERT_TRUE(again);
    EXPECT_NE(again->inode(), directory->inode());
}

TEST(RealCgroup2, pressure_file_that_is_switched_off_is_missing) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    cgroup.make("pod");
    const std::string pod = cgroup.root() + "/pod";
    const auto directory = Directory::open(AT_FDCWD, pod.c_str());
    ASSERT_TRUE(directory);
    std::array<char, 4096> buffer{};
    KeptFile file("cpu.pressure");
    if (!file.read(directory->descriptor(), buffer) ||
        !std::filesystem::exists(pod + "/cgroup.pressure")) {
        GTEST_SKIP() << "this kernel has no switch for the pressure files of a group";
    }
    std::ofstream(pod + "/cgroup.pressure") << "0";
    const auto off = file.read(directory->descriptor(), buffer);
    ASSERT_FALSE(off);
    EXPECT_NE(off.error(), ReadFailure::unreadable);
    EXPECT_EQ(file.read(directory->descriptor(), buffer).error(), ReadFailure::missing);
}

TEST(RealCgroup2, link_count_tells_that_groups_came_or_went) {
    PLIMSOLL_NEED_REAL_CGROUP(cgroup);
    auto directory = Directory::open(AT_FDCWD, cgroup.root().c_str());
    ASSERT_TRUE(directory);
    alignas(8) std::array<std::byte, 4096> buffer{};
    std::size_t count = 0;
    const auto list = [&] {
        count = 0;
        return directory->list(buffer, [&](std::string_view, std::uint64_t) { ++count; });
    };
    EXPECT_TRUE(list());
    EXPECT_FALSE(directory->changed());
    cgroup.make("pod");
    EXPECT_TRUE(directory->changed());
    EXPECT_TRUE(list());
    EXPECT_EQ(count, 1U);
    EXPECT_FALSE(directory->changed());
    cgroup.remove("pod");
    EXPECT_TRUE(directory->changed());
}

} // namespace
} // namespace plimsoll::cgroup
