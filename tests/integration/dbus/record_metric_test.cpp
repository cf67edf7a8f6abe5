// SPDX-License-Identifier: Apache-2.0
// Values that come from outside.
#include "fixture.hpp"

#include <limits>
#include <unistd.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;

class RecordMetric : public DbusTest {
protected:
    void SetUp() override {
        if (getuid() != 0)
            GTEST_SKIP() << "only root may record metrics";
        DbusTest::SetUp();
    }
    /// Without labels and options.
    std::string record(const std::string& name, double value) {
        return client->call(kManagerPath, kManager, "RecordMetric", "sda{ss}a{sv}", name.c_str(),
                            value, 0U, 0U);
    }
    std::string recordFor(const char* option, const char* type, std::uint64_t value) {
        return client->call(kManagerPath, kManager, "RecordMetric", "sda{ss}a{sv}", "queue", 7.0,
                            0U, 1U, option, type, value);
    }
    std::vector<dbus::RecordedMetric> recorded() {
        std::vector<dbus::RecordedMetric> out;
        service.onLoop([&] { out = service.recorded; });
        return out;
    }
    static constexpr const char* kInvalid = "error: org.plimsoll.Node1.Error.InvalidArgument";
};

TEST_F(RecordMetric, what_is_no_metric_is_refused_and_does_not_reach_the_daemon) {
    EXPECT_EQ(record("", 1), kInvalid);
    EXPECT_EQ(record(std::string(254, 'x'), 1), kInvalid);
    EXPECT_EQ(record("queue", std::numeric_limits<double>::quiet_NaN()), kInvalid);
    EXPECT_EQ(record("queue", std::numeric_limits<double>::infinity()), kInvalid);
    EXPECT_EQ(record("queue length", 1), kInvalid);
    EXPECT_EQ(record("cpu_total_usage", 1), kInvalid) << "one of our own";
    EXPECT_EQ(recordFor("ValidFor", "t", 0), kInvalid);
    EXPECT_EQ(recordFor("ValidFor", "t", 999'999), kInvalid);
    EXPECT_EQ(recordFor("ValidFor", "t", 3'600'000'001), kInvalid);
    EXPECT_EQ(recordFor("ValidFor", "t", std::numeric_limits<std::uint64_t>::max()), kInvalid);
    EXPECT_EQ(recordFor("ValidFor", "x", 1'000'000), kInvalid) << "a wrong type";
    EXPECT_EQ(recordFor("Validfor", "t", 1'000'000), kInvalid) << "an unknown option";
    EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(RecordMetric, labels_are_bounded) {
    const std::string longName(64, 'x');
    const std::string longValue(254, 'x');
    for (const auto& [key, value] :
         {std::pair{"", "v"}, {"a b", "v"}, {"k", longValue.c_str()}, {longName.c_str(), "v"}}) {
        EXPECT_EQ(client->call(kManagerPath, kManager, "RecordMetric", "sda{ss}a{sv}", "queue", 7.0,
                               1U, key, value, 0U),
                  kInvalid);
    }
    const auto many = run(std::string(PLIMSOLL_BUSCTL
                                      " --system call org.plimsoll.Node1 "
                                      "/org/plimsoll/Node1/Manager org.plimsoll.Node1.Manager "
                                      "RecordMetric 'sda{ss}a{sv}' queue 7 17 "
                                      "a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1 j 1 k 1 l 1 m 1 n 1 o 1 "
                                      "p 1 q 1 0"));
    EXPECT_THAT(many.output, HasSubstr("at most 16 labels are allowed"));
    EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(RecordMetric, too_many_series_are_another_error_than_a_mistake) {
    service.onLoop([&] {
        for (int i = 0; i < 1000; ++i)
            ASSERT_TRUE(service.custom.record("m", 1, {{"n", std::to_string(i)}}, 1min, {}));
    });
    EXPECT_EQ(record("queue", 1), "error: org.plimsoll.Node1.Error.LimitsExceeded");
    EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(RecordMetric, the_daemons_sentence_goes_to_the_caller) {
    const auto ran =
        run(std::string(PLIMSOLL_BUSCTL " --system call org.plimsoll.Node1 "
                                        "/org/plimsoll/Node1/Manager org.plimsoll.Node1.Manager "
                                        "RecordMetric 'sda{ss}a{sv}' cpu_total_usage 7 0 0"));
    EXPECT_NE(ran.exitCode, 0);
    EXPECT_THAT(ran.output, HasSubstr("cpu_total_usage is a metric of Plimsoll's own"));
}

TEST_F(RecordMetric, a_value_is_good_for_a_minute_unless_said_otherwise) {
    EXPECT_EQ(record("queue", 7.5), "");
    EXPECT_EQ(recordFor("ValidFor", "t", 5'000'000), "");
    const auto seen = recorded();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].name, "queue");
    EXPECT_EQ(seen[0].value, 7.5);
    EXPECT_EQ(seen[0].validFor, 60s);
    EXPECT_EQ(seen[1].validFor, 5s);
}

TEST_F(RecordMetric, works_from_plain_busctl) {
    const auto ran =
        run(std::string(PLIMSOLL_BUSCTL " --system call org.plimsoll.Node1 "
                                        "/org/plimsoll/Node1/Manager org.plimsoll.Node1.Manager "
                                        "RecordMetric 'sda{ss}a{sv}' queue 7.5 2 shop a zone b "
                                        "1 ValidFor t 30000000"));
    EXPECT_EQ(ran.exitCode, 0) << ran.output;
    const auto seen = recorded();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].labels, (Labels{{"shop", "a"}, {"zone", "b"}}));
    EXPECT_EQ(seen[0].validFor, 30s);
}

} // namespace
} // namespace plimsoll::test
