// SPDX-License-Identifier: Apache-2.0
#include "dbus/object_path.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <systemd/sd-bus.h>

namespace plimsoll::dbus {
namespace {

std::string libsystemdEncodes(const std::string& text) {
    char* path = nullptr;
    sd_bus_path_encode("/x", text.c_str(), &path);
    const std::unique_ptr<char, decltype(&std::free)> owner(path, &std::free);
    return std::string(path).substr(3);
}

TEST(ObjectPath, element_is_escaped_as_libsystemd_does) {
    for (const char* text : {"", "a", "9", "a9", "9a9", "-", "_", "a_b", "a/b", "..", "übung",
                             "0a6f0cd6-5f1d-4d0f-8a44-c0ffee000000", "with blank", "\x01\x7f\xff"})
        EXPECT_EQ(encodePathElement(text), libsystemdEncodes(text)) << text;
}

TEST(ObjectPath, rule_path_keeps_policy_and_name_apart) {
    EXPECT_NE(rulePath({"a", "b/c"}), rulePath({"a/b", "c"}));
    EXPECT_EQ(rulePath({"watermark1", "cpu-usage"}),
              "/org/plimsoll/Node1/rule/watermark1/cpu_2dusage");
}

} // namespace
} // namespace plimsoll::dbus
