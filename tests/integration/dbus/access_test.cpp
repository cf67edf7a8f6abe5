// SPDX-License-Identifier: Apache-2.0
// Everybody may look, only root may touch.
#include "fixture.hpp"

#include <unistd.h>

namespace plimsoll::test {
namespace {

class AccessAsNobody : public DbusTest {
protected:
    void SetUp() override {
        if (getuid() != 0)
            GTEST_SKIP() << "needs root to become nobody";
        DbusTest::SetUp();
    }
};

Ran busctl(const std::string& arguments) {
    return run("setpriv --reuid=65534 --regid=65534 --clear-groups " PLIMSOLL_BUSCTL " --system " +
               arguments);
}

/// The second lock: the property itself is privileged, whatever the bus lets through.
TEST(AccessPastThePolicy, log_level_cannot_be_set) {
    if (getuid() != 0)
        GTEST_SKIP() << "needs root to become nobody";
    const PrivateBus bus(PrivateBus::Policy::wideOpen);
    ServiceThread service;
    ASSERT_TRUE(service.waitUntilConnected());
    const auto throttle = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                                 "org.plimsoll.Node1.Manager Throttle");
    EXPECT_THAT(throttle.output, HasSubstr("Unknown method")) << "the bus lets it through";
    const auto ran = busctl("set-property org.plimsoll.Node1 /org/freedesktop/LogControl1 "
                            "org.freedesktop.LogControl1 LogLevel s debug");
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_EQ(service.level, "info");
}

TEST(AccessPastThePolicy, no_metric_can_be_recorded) {
    if (getuid() != 0)
        GTEST_SKIP() << "needs root to become nobody";
    const PrivateBus bus(PrivateBus::Policy::wideOpen);
    ServiceThread service;
    ASSERT_TRUE(service.waitUntilConnected());
    const auto ran = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                            "org.plimsoll.Node1.Manager RecordMetric 'sda{ss}a{sv}' queue 7 0 0");
    EXPECT_NE(ran.exitCode, 0);
    service.onLoop([&] { EXPECT_THAT(service.recorded, IsEmpty()); });
}

TEST_F(AccessAsNobody, log_level_cannot_be_set) {
    const auto ran = busctl("set-property org.plimsoll.Node1 /org/freedesktop/LogControl1 "
                            "org.freedesktop.LogControl1 LogLevel s debug");
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_THAT(ran.output, HasSubstr("Access denied"));
    EXPECT_EQ(service.level, "info");
}

TEST_F(AccessAsNobody, no_metric_can_be_recorded) {
    const auto ran = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                            "org.plimsoll.Node1.Manager RecordMetric 'sda{ss}a{sv}' queue 7 0 0");
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_THAT(ran.output, HasSubstr("Access denied"));
    service.onLoop([&] { EXPECT_THAT(service.recorded, IsEmpty()); });
}

TEST_F(AccessAsNobody, name_cannot_be_taken) {
    const auto ran = busctl("call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus "
                            "RequestName su org.plimsoll.Node1 4");
    EXPECT_NE(ran.exitCode, 0);
}

TEST_F(AccessAsNobody, unknown_method_does_not_get_through) {
    const auto ran = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                            "org.plimsoll.Node1.Manager Throttle");
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_THAT(ran.output, HasSubstr("Access denied"));
}

TEST_F(AccessAsNobody, everything_can_be_read) {
    const auto level = busctl("get-property org.plimsoll.Node1 /org/freedesktop/LogControl1 "
                              "org.freedesktop.LogControl1 LogLevel");
    EXPECT_EQ(level.output, "s \"info\"\n");
    const auto mode = busctl("get-property org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                             "org.plimsoll.Node1.Manager Mode");
    EXPECT_EQ(mode.output, "s \"watching\"\n");
    const auto snapshot = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                                 "org.plimsoll.Node1.Manager GetSnapshot");
    EXPECT_THAT(snapshot.output, HasSubstr("offline/batch-0"));
    const auto decisions = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                                  "org.plimsoll.Node1.Manager ListDecisions u 0");
    EXPECT_EQ(decisions.output, "a(stsu) 0\n");
    const auto why = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1/Manager "
                            "org.plimsoll.Node1.Manager Explain s ''");
    EXPECT_EQ(why.output, "aa{sv} 0\n");
    const auto tree = busctl("tree --list org.plimsoll.Node1");
    EXPECT_THAT(tree.output, HasSubstr(kBatchPath));
    const auto introspection = busctl("introspect org.plimsoll.Node1 /org/plimsoll/Node1/Manager");
    EXPECT_THAT(introspection.output, HasSubstr(".GetSnapshot"));
    const auto objects = busctl("call org.plimsoll.Node1 /org/plimsoll/Node1 "
                                "org.freedesktop.DBus.ObjectManager GetManagedObjects");
    EXPECT_THAT(objects.output, HasSubstr(kRulePath));
}

} // namespace
} // namespace plimsoll::test
