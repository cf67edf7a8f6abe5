// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/textfile_directory.hpp"
#include "tests/unit/support/allocations.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::collector {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MonotonicTime kNow{1000s};
constexpr std::chrono::system_clock::time_point kWall{1'700'000'000s};

class TextfileDirectoryTest : public testing::Test {
protected:
    void SetUp() override { tree_.makeDirectory("metrics.d"); }

    /// As a program does that follows the advice: another file, renamed over the old one.
    void replace(const std::string& name, const std::string& text,
                 std::chrono::seconds age = 0s) const {
        put("." + name, text, age);
        fs::rename(path("." + name), path(name));
    }
    /// In place.
    void put(const std::string& name, const std::string& text,
             std::chrono::seconds age = 0s) const {
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
        ::chmod(path(name).c_str(), 0644);
        setAge(name, age);
    }
    void setAge(const std::string& name, std::chrono::seconds age) const {
        const auto modified =
            std::chrono::duration_cast<std::chrono::seconds>((kWall - age).time_since_epoch());
        const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                                   {.tv_sec = modified.count(), .tv_nsec = 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return tree_.path("metrics.d/" + name);
    }

    CustomSamples read(MonotonicTime now = kNow) {
        textfiles_.read(now, kWall + (now - kNow));
        CustomSamples samples;
        textfiles_.append(samples);
        return samples;
    }
    /// Whether the next reading is another one.
    bool changes() {
        const auto before = textfiles_.generation();
        read();
        return textfiles_.generation() != before;
    }
    std::string onlyProblem(const std::string& source) {
        const auto samples = read();
        EXPECT_THAT(samples.metrics, IsEmpty());
        EXPECT_THAT(samples.problems, SizeIs(1));
        if (samples.problems.empty()) {
            return "none";
        }
        EXPECT_EQ(samples.problems[0].source, source);
        return samples.problems[0].reason;
    }

    test::FakeTree tree_;
    TextfileDirectory textfiles_{tree_.path("metrics.d"),
                                 [](std::string_view name) { return name == "builtin"; }};
};

TEST_F(TextfileDirectoryTest, that_is_not_there_is_no_problem) {
    fs::remove(tree_.path("metrics.d"));
    const auto samples = read();
    EXPECT_THAT(samples.metrics, IsEmpty());
    EXPECT_THAT(samples.problems, IsEmpty());
    EXPECT_EQ(textfiles_.generation(), 0U);
}

TEST_F(TextfileDirectoryTest, that_is_a_file_is_a_problem) {
    fs::remove(tree_.path("metrics.d"));
    tree_.write("metrics.d", "");
    EXPECT_EQ(onlyProblem(tree_.path("metrics.d")), "it cannot be read: Not a directory");
}

TEST_F(TextfileDirectoryTest, that_goes_away_takes_its_metrics_along) {
    put("a.prom", "m 1\n");
    EXPECT_THAT(read().metrics, SizeIs(1));
    fs::remove_all(tree_.path("metrics.d"));
    EXPECT_TRUE(changes());
    EXPECT_THAT(read().metrics, IsEmpty());
}

TEST_F(TextfileDirectoryTest, refuses_a_file_that_others_may_write) {
    put("a.prom", "m 1\n");
    EXPECT_THAT(read().metrics, SizeIs(1));
    for (const mode_t mode : {0664U, 0646U, 0666U}) {
        ASSERT_EQ(::chmod(path("a.prom").c_str(), mode), 0);
        EXPECT_EQ(onlyProblem(path("a.prom")), "others than its owner may write it");
    }
    ASSERT_EQ(::chmod(path("a.prom").c_str(), 0640), 0);
    EXPECT_THAT(read().problems, IsEmpty()) << "mended, it is read again";
}

TEST_F(TextfileDirectoryTest, refuses_a_file_of_another_user) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root gives files away";
    }
    put("a.prom", "m 1\n");
    ASSERT_EQ(::chown(path("a.prom").c_str(), 65534, 0), 0);
    EXPECT_EQ(onlyProblem(path("a.prom")),
              "it belongs neither to root nor to the user of plimsolld");
}

TEST_F(TextfileDirectoryTest, refuses_what_is_no_regular_file) {
    fs::create_directory(path("a.prom"));
    EXPECT_EQ(onlyProblem(path("a.prom")), "it is not a regular file");
    fs::remove(path("a.prom"));
    ASSERT_EQ(::mkfifo(path("a.prom").c_str(), 0600), 0);
    EXPECT_EQ(onlyProblem(path("a.prom")), "it is not a regular file") << "and does not wait";
}

TEST_F(TextfileDirectoryTest, does_not_follow_a_link_that_takes_the_place_of_a_file) {
    put("a.prom", "m 1\n");
    put("secret", "secret 1\n");
    EXPECT_THAT(read().metrics, SizeIs(1));
    fs::remove(path("a.prom"));
    fs::create_symlink(path("secret"), path("a.prom"));
    EXPECT_EQ(onlyProblem(path("a.prom")), "it is a symbolic link");
    const int directory = ::open(tree_.path("metrics.d").c_str(), O_RDONLY | O_DIRECTORY);
    const auto file = readTextfile(directory, "a.prom", 10);
    ASSERT_FALSE(file) << "also when it became a link after it was looked at";
    EXPECT_EQ(file.error().what, "it is a symbolic link");
    ::close(directory);
}

TEST_F(TextfileDirectoryTest, refuses_a_file_that_is_too_large) {
    put("a.prom", std::string(1'048'575, '#') + "\n");
    EXPECT_THAT(read().problems, IsEmpty()) << "1 MiB";
    put("a.prom", std::string(1'048'576, '#') + "\n");
    EXPECT_EQ(onlyProblem(path("a.prom")), "it is larger than 1 MiB");
}

TEST_F(TextfileDirectoryTest, keeps_nothing_of_a_file_that_went_bad) {
    put("a.prom", "m 1\n");
    EXPECT_THAT(read().metrics, SizeIs(1));
    put("a.prom", "n 1\nm one\n");
    EXPECT_EQ(onlyProblem(path("a.prom")), "line 2 has no value that is a number");
    EXPECT_FALSE(changes()) << "it is the same mistake";
    put("a.prom", "m 2\n");
    EXPECT_THAT(read().metrics, SizeIs(1));
    EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(TextfileDirectoryTest, refuses_a_file_that_is_half_written) {
    put("a.prom", "m 1");
    EXPECT_EQ(onlyProblem(path("a.prom")),
              "its last line is not finished: write another file and rename it");
    put("a.prom", "m 15\n");
    EXPECT_EQ(read().metrics.at(0).series.at(0).value, 15);
    put("a.prom", "");
    EXPECT_THAT(read().metrics, IsEmpty());
    EXPECT_THAT(read().problems, IsEmpty()) << "empty is whole";
}

TEST_F(TextfileDirectoryTest, reads_on_where_one_of_them_is_bad) {
    put("a.prom", "a 1\n");
    put("b.prom", "b one\n");
    put("c.prom", "c 1\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, SizeIs(2));
    EXPECT_THAT(samples.problems, SizeIs(1));
}

TEST_F(TextfileDirectoryTest, leaves_out_names_of_our_own_and_names_the_file) {
    put("a.prom", "builtin 1\nother 1\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, ElementsAre(testing::Field(&CustomMetric::name, "other")));
    EXPECT_THAT(samples.problems,
                ElementsAre(SourceProblem{
                    path("a.prom"), "builtin is a metric of Plimsoll's own and is left out"}));
    EXPECT_FALSE(changes());
}

TEST_F(TextfileDirectoryTest, leaves_out_other_files_and_hidden_ones) {
    put(".a.prom", "a 1\n");
    put("b.prom.tmp", "b 1\n");
    put("c.txt", "c one\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, IsEmpty());
    EXPECT_THAT(samples.problems, IsEmpty());
}

TEST_F(TextfileDirectoryTest, says_of_names_that_cannot_be_shown_and_reads_the_others) {
    put("a.prom", "a 1\n");
    put("\xff.prom", "b 1\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, SizeIs(1));
    EXPECT_THAT(samples.problems,
                ElementsAre(SourceProblem{tree_.path("metrics.d"),
                                          "it holds a file whose name is not UTF-8"}));
}

TEST_F(TextfileDirectoryTest, reads_64_files) {
    for (int number = 10; number < 74; ++number) {
        put(std::to_string(number) + ".prom", "m" + std::to_string(number) + " 1\n");
    }
    EXPECT_THAT(read().problems, IsEmpty());
    put("74.prom", "m74 1\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, SizeIs(64));
    ASSERT_THAT(samples.problems, SizeIs(1));
    EXPECT_EQ(samples.problems[0].reason,
              "it holds more than 64 files; from 74.prom on they are left out");
}

std::string manySeries(const std::string& name, int count) {
    std::string text;
    for (int number = 0; number < count; ++number) {
        text += name + "{n=\"" + std::to_string(number) + "\"} 1\n";
    }
    return text;
}

TEST_F(TextfileDirectoryTest, holds_1000_series_of_a_metric) {
    put("a.prom", manySeries("m", 600));
    put("b.prom", manySeries("m", 400));
    put("c.prom", "m{n=\"x\"} 1\n");
    put("d.prom", "other 1\n");
    const auto samples = read();
    ASSERT_THAT(samples.metrics, SizeIs(2));
    EXPECT_THAT(samples.metrics[0].series, SizeIs(1000));
    EXPECT_THAT(
        samples.problems,
        ElementsAre(SourceProblem{path("c.prom"), "with it there are more than 1000 series of m"}));
    fs::remove(path("a.prom"));
    EXPECT_THAT(read().problems, IsEmpty()) << "there is room again";
}

TEST_F(TextfileDirectoryTest, holds_10000_series) {
    for (int number = 0; number < 10; ++number) {
        put(std::to_string(number) + ".prom", manySeries("m" + std::to_string(number), 1000));
    }
    EXPECT_THAT(read().problems, IsEmpty());
    put("x.prom", "x 1\n");
    const auto samples = read();
    EXPECT_THAT(samples.metrics, SizeIs(10));
    EXPECT_THAT(samples.problems,
                ElementsAre(SourceProblem{
                    path("x.prom"), "with it there are more than 10000 series in the directory"}));
}

TEST_F(TextfileDirectoryTest, keeps_no_series_that_there_is_no_room_for) {
    put("a.prom", manySeries("m", 1000));
    put("b.prom", "other 1\n");
    textfiles_.read(kNow, kWall);
    const auto before = test::livingAllocations();
    put("c.prom", manySeries("m", 1000));
    textfiles_.read(kNow, kWall);
    EXPECT_LT(test::livingAllocations(), before + 100);
    EXPECT_FALSE(changes()) << "nor is it read again and again";
    put("a.prom", "m 1\n");
    EXPECT_THAT(read().problems, SizeIs(1)) << "1001 is still too much";
    put("a.prom", "n 1\n");
    EXPECT_THAT(read().problems, IsEmpty()) << "there is room again";
}

TEST_F(TextfileDirectoryTest, samples_are_as_old_as_their_file) {
    put("a.prom", "m{x=\"1\"} 1\n", 90s);
    put("b.prom", "m 2\n", -3600s);
    put("c.prom", "m 3\n", 1'700'000'000s);
    const auto metric = read().metrics.at(0);
    ASSERT_THAT(metric.series, SizeIs(3));
    EXPECT_EQ(metric.series[0].at, kNow - 90s);
    EXPECT_EQ(metric.series[0].labels, (Labels{{"x", "1"}}));
    EXPECT_EQ(metric.series[0].expires, MonotonicTime::max());
    EXPECT_EQ(metric.series[1].at, kNow) << "from the future counts as now";
    EXPECT_EQ(metric.series[2].at, kNow - 366 * 24h) << "old is old enough";
}

TEST_F(TextfileDirectoryTest, age_on_while_nobody_writes_them) {
    put("a.prom", "m 1\n");
    EXPECT_EQ(read().metrics.at(0).series.at(0).at, kNow);
    EXPECT_EQ(read(kNow + 1h).metrics.at(0).series.at(0).at, kNow);
    textfiles_.read(kNow + 2h, kWall - 24h); // somebody set the wall clock
    EXPECT_EQ(textfiles_.generation(), 1U) << "and nothing was read again";
}

TEST_F(TextfileDirectoryTest, sees_a_file_that_was_renamed_over_another) {
    replace("a.prom", "m 1\n");
    EXPECT_TRUE(changes());
    EXPECT_FALSE(changes());
    replace("a.prom", "m 2\n");
    EXPECT_TRUE(changes()) << "same size and time: another file";
    EXPECT_EQ(read().metrics.at(0).series.at(0).value, 2);
}

TEST_F(TextfileDirectoryTest, sees_a_file_written_in_place_with_its_time_put_back) {
    put("a.prom", "m 1\n");
    read();
    std::this_thread::sleep_for(20ms); // the kernel's time of a change is that of the last tick
    put("a.prom", "m 2\n");
    EXPECT_EQ(read().metrics.at(0).series.at(0).value, 2);
}

TEST_F(TextfileDirectoryTest, never_shows_half_of_a_file_that_is_replaced_meanwhile) {
    replace("a.prom", manySeries("m", 100));
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        for (int round = 0; !stop; ++round) {
            if (round % 3 == 2) {
                fs::remove(path("a.prom"));
            }
            replace("a.prom", manySeries("m", 100));
        }
    });
    unsigned seen = 0;
    for (int round = 0; round < 300; ++round) {
        const auto samples = read();
        EXPECT_THAT(samples.problems, IsEmpty());
        if (!samples.metrics.empty()) {
            EXPECT_THAT(samples.metrics.at(0).series, SizeIs(100));
            ++seen;
        }
    }
    stop = true;
    writer.join();
    EXPECT_GT(seen, 0U);
}

} // namespace
} // namespace plimsoll::collector
