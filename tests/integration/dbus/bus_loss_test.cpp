// SPDX-License-Identifier: Apache-2.0
// Losing the bus never stops protection, and the bus comes back.
#include "fixture.hpp"

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using BusLoss = DbusTest;

/// A socket that takes connections and never says a word, as systemd's does for a bus that hangs.
class SilentSocket {
public:
    explicit SilentSocket(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        unlink(path.c_str());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
        // NOLINTNEXTLINE: the socket interface is like that
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
            ADD_FAILURE() << "bind";
        listen(fd_, 8);
    }
    ~SilentSocket() { close(fd_); }
    SilentSocket(const SilentSocket&) = delete;
    SilentSocket& operator=(const SilentSocket&) = delete;

private:
    int fd_;
};

TEST_F(BusLoss, service_comes_back_with_the_state_of_now) {
    client.reset();
    bus.stop();
    ASSERT_TRUE(service.waitUntilConnected(false));
    service.tick([](Published& state) {
        nextTick(state);
        state.mode = Mode::avoiding;
        state.held = {heldPod(state, 0)};
        state.rules.pop_back();
    });
    service.onLoop([&] { service.service->policyChanged(); });
    bus.start();
    ASSERT_TRUE(service.waitUntilConnected());
    client = std::make_unique<Client>();
    EXPECT_EQ(client->get(kManagerPath, kManager, "Mode"), R"("avoiding")");
    EXPECT_EQ(client->get(kBatchPath, kPod, "Throttled"), "true");
    EXPECT_EQ(client->get(std::string(kRoot) + "/rule/watermark1/memory", kRule, "Value"),
              "error: org.freedesktop.DBus.Error.UnknownObject");
    client->listen();
    service.tick([](Published& state) { state.mode = Mode::watching; });
    EXPECT_THAT(members(client->signals()), ElementsAre("PropertiesChanged"));
}

TEST_F(BusLoss, loss_is_noticed_when_a_signal_cannot_be_sent) {
    client.reset();
    service.onLoop([&] { // the loop does not hear of it before the next line
        bus.stop();
        for (int i = 0; i < 50; ++i) {
            service.state.mode = i % 2 == 0 ? Mode::avoiding : Mode::watching;
            service.service->publish();
        }
    });
    ASSERT_TRUE(service.waitUntilConnected(false));
    bus.start();
    EXPECT_TRUE(service.waitUntilConnected());
}

TEST_F(BusLoss, each_reason_is_told_once) {
    client.reset();
    bus.stop();
    ASSERT_TRUE(service.waitUntilConnected(false));
    std::this_thread::sleep_for(1200ms); // time for the second and third attempt
    bus.start();
    ASSERT_TRUE(service.waitUntilConnected());
    ASSERT_EQ(service.reports.size(), 4U) << ::testing::PrintToString(service.reports);
    EXPECT_EQ(service.reports[0], "+ on the system bus as org.plimsoll.Node1");
    EXPECT_THAT(service.reports[1], HasSubstr("- lost the bus: "));
    EXPECT_THAT(service.reports[2], HasSubstr("- no bus to connect to: Connection refused"));
    EXPECT_EQ(service.reports[3], service.reports[0]);
}

TEST_F(BusLoss, bus_that_never_answers_does_not_stop_the_loop) {
    client.reset();
    bus.stop();
    ASSERT_TRUE(service.waitUntilConnected(false));
    {
        const SilentSocket silent(bus.socketPath());
        for (int i = 0; i < 60; ++i) {            // long enough for an attempt to begin
            EXPECT_LT(service.onLoop([] {}), 2s); // and not 25 s or more
            std::this_thread::sleep_for(25ms);
        }
    }
    bus.start();
    EXPECT_TRUE(service.waitUntilConnected());
}

TEST(BusName, name_of_somebody_else_is_waited_for) {
    PrivateBus bus;
    Client other;
    ASSERT_GE(sd_bus_request_name(other.bus(), kName, 0), 0);
    ServiceThread service;
    std::this_thread::sleep_for(800ms);
    ASSERT_FALSE([&] {
        bool connected = true;
        service.onLoop([&] { connected = service.service->connected(); });
        return connected;
    }());
    service.onLoop([&] {
        EXPECT_THAT(service.reports,
                    ElementsAre("- org.plimsoll.Node1 belongs to another process"));
    });
    sd_bus_release_name(other.bus(), kName);
    EXPECT_TRUE(service.waitUntilConnected());
}

TEST(BusName, daemon_starts_before_there_is_a_bus) {
    PrivateBus bus;
    bus.stop();
    ServiceThread service;
    service.tick(fill);
    std::this_thread::sleep_for(100ms);
    bus.start();
    EXPECT_TRUE(service.waitUntilConnected());
}

} // namespace
} // namespace plimsoll::test
