// SPDX-License-Identifier: Apache-2.0
// With busctl, as systemctl service-log-level and an administrator do it.
#include "fixture.hpp"

namespace plimsoll::test {
namespace {

class LogControlTest : public DbusTest {
protected:
    static Ran busctl(const std::string& verb, const std::string& rest) {
        return run(PLIMSOLL_BUSCTL " --system " + verb +
                   " org.plimsoll.Node1 /org/freedesktop/LogControl1 "
                   "org.freedesktop.LogControl1 " +
                   rest);
    }
};

TEST_F(LogControlTest, level_that_does_not_exist_is_refused) {
    const auto ran = busctl("set-property", "LogLevel s chatty");
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_THAT(ran.output, HasSubstr("Invalid value for LogLevel"));
    EXPECT_EQ(busctl("get-property", "LogLevel").output, "s \"info\"\n");
}

TEST_F(LogControlTest, logger_that_throws_is_an_error_and_not_the_end) {
    EXPECT_NE(busctl("set-property", "LogTarget s boom").exitCode, 0);
    EXPECT_EQ(busctl("get-property", "LogTarget").output, "s \"journal\"\n");
}

TEST_F(LogControlTest, level_and_target_can_be_set) {
    const auto level = busctl("set-property", "LogLevel s debug");
    EXPECT_EQ(level.exitCode, 0) << level.output;
    EXPECT_EQ(busctl("get-property", "LogLevel").output, "s \"debug\"\n");
    EXPECT_EQ(busctl("set-property", "LogTarget s console").exitCode, 0);
    EXPECT_EQ(busctl("get-property", "LogTarget").output, "s \"console\"\n");
}

TEST_F(LogControlTest, identifier_is_the_one_of_the_journal) {
    EXPECT_EQ(busctl("get-property", "SyslogIdentifier").output, "s \"plimsolld\"\n");
}

} // namespace
} // namespace plimsoll::test
