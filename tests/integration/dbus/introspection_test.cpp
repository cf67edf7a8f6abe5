// SPDX-License-Identifier: Apache-2.0
// The XML files are the source of truth: what runs must be what they say.
#include "fixture.hpp"

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace plimsoll::test {
namespace {

class Introspection : public DbusTest {
protected:
    Ran compare(const char* path, const std::string& interface) {
        char name[] = "/tmp/plimsoll-xml-XXXXXX";
        const int fd = mkstemp(name);
        close(fd);
        std::ofstream(name) << client->introspect(path);
        auto ran = run(std::string(PLIMSOLL_PYTHON " " PLIMSOLL_COMPARE " " PLIMSOLL_DBUS_DIR "/") +
                       interface + ".xml " + name + " " + interface);
        unlink(name);
        return ran;
    }
};

TEST_F(Introspection, manager_is_what_its_xml_says) {
    const auto ran = compare(kManagerPath, kManager);
    EXPECT_EQ(ran.exitCode, 0) << ran.output;
}

TEST_F(Introspection, rule_is_what_its_xml_says) {
    const auto ran = compare(kRulePath, kRule);
    EXPECT_EQ(ran.exitCode, 0) << ran.output;
}

TEST_F(Introspection, pod_is_what_its_xml_says) {
    const auto ran = compare(kBatchPath, kPod);
    EXPECT_EQ(ran.exitCode, 0) << ran.output;
}

TEST_F(Introspection, log_control_is_what_its_xml_says) {
    const auto ran = compare("/org/freedesktop/LogControl1", "org.freedesktop.LogControl1");
    EXPECT_EQ(ran.exitCode, 0) << ran.output;
}

TEST_F(Introspection, comparison_sees_a_missing_member) {
    const auto ran = compare(kManagerPath, "org.plimsoll.Node1.Pod");
    EXPECT_NE(ran.exitCode, 0);
}

TEST_F(Introspection, root_manages_the_objects) {
    EXPECT_THAT(client->introspect(kRoot), HasSubstr(kObjectManager));
}

} // namespace
} // namespace plimsoll::test
