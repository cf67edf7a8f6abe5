// SPDX-License-Identifier: Apache-2.0
// What a client sends that knows no better, or does.
#include "fixture.hpp"

namespace plimsoll::test {
namespace {

class Hostile : public DbusTest {
protected:
    void TearDown() override {
        EXPECT_EQ(client->get(kManagerPath, kManager, "Mode"), R"("watching")") << "still there";
    }
    static constexpr const char* kInvalid = "error: org.freedesktop.DBus.Error.InvalidArgs";
};

TEST_F(Hostile, wrong_arguments_are_refused) {
    EXPECT_EQ(client->call(kManagerPath, kManager, "GetSnapshot", "s", "x"), kInvalid);
    EXPECT_EQ(client->call(kManagerPath, kProperties, "Get", "s", kManager), kInvalid);
    EXPECT_EQ(client->call(kManagerPath, kProperties, "Get", "uu", 1U, 2U), kInvalid);
    EXPECT_EQ(client->call(kRoot, kObjectManager, "GetManagedObjects", "s", "x"), kInvalid);
}

TEST_F(Hostile, names_that_do_not_exist_are_refused) {
    EXPECT_THAT(client->get(kManagerPath, kManager, "Nothing"), HasSubstr("UnknownProperty"));
    EXPECT_THAT(client->get(kManagerPath, kRule, "Value"), HasSubstr("DBus.Error.Unknown"));
    EXPECT_THAT(client->call(kManagerPath, kManager, "Throttle"), HasSubstr("UnknownMethod"));
    EXPECT_THAT(client->get("/org/plimsoll/Node1/pod/nope", kPod, "Uid"),
                HasSubstr("UnknownObject"));
}

TEST_F(Hostile, read_only_properties_stay_as_they_are) {
    EXPECT_THAT(client->call(kManagerPath, kProperties, "Set", "ssv", kManager, "Mode", "s", "off"),
                HasSubstr("PropertyReadOnly"));
    EXPECT_THAT(client->call(kBatchPath, kProperties, "Set", "ssv", kPod, "Throttled", "b", 1),
                HasSubstr("PropertyReadOnly"));
}

TEST_F(Hostile, log_level_of_a_wrong_type_is_refused) {
    for (const char* property : {"LogLevel", "LogTarget"}) {
        EXPECT_EQ(client->call("/org/freedesktop/LogControl1", kProperties, "Set", "ssv",
                               "org.freedesktop.LogControl1", property, "u", 7U),
                  kInvalid);
    }
    const std::string huge(1'000'000, 'x');
    EXPECT_EQ(client->call("/org/freedesktop/LogControl1", kProperties, "Set", "ssv",
                           "org.freedesktop.LogControl1", "LogTarget", "s", huge.c_str()),
              kInvalid);
}

TEST_F(Hostile, flood_of_calls_does_not_keep_the_loop_from_its_work) {
    // The bus itself lets a client have 128 calls under way.
    for (int i = 0; i < 120; ++i) {
        sd_bus_call_method_async(
            client->bus(), nullptr, kName, kManagerPath, kManager, "GetSnapshot",
            [](sd_bus_message*, void*, sd_bus_error*) { return 0; }, nullptr, "");
    }
    sd_bus_flush(client->bus());
    // A task of the loop waits for one call at most, not for all of them.
    for (int i = 0; i < 5; ++i)
        EXPECT_LT(service.onLoop([] {}), std::chrono::milliseconds(500));
}

} // namespace
} // namespace plimsoll::test
