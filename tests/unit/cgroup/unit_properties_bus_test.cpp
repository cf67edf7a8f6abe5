// SPDX-License-Identifier: Apache-2.0
// The client of systemd against a stand-in that speaks D-Bus on a socket of its own.
#include "cgroup/unit_properties.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::cgroup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPath = "/kubepods.slice/kubepods-pod1_1.slice";

/// One unit, kubepods-pod1_1.slice. Serves one connection at a time, in a thread.
class StandIn {
public:
    StandIn() : socket_(tree_.path("private")) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 5) != 0) {
            throw std::runtime_error("cannot listen on " + socket_);
        }
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~StandIn() {
        thread_.request_stop();
        thread_.join();
        ::close(listener_);
    }
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;

    [[nodiscard]] std::unique_ptr<UnitProperties> client() const {
        return makeUnitPropertiesAt("unix:path=" + socket_, true);
    }
    std::vector<std::string> calls() {
        const std::lock_guard lock(mutex_);
        return std::exchange(calls_, {});
    }

    std::atomic<bool> hangs = false;
    std::atomic<bool> hangsUpAfterEachCall = false;
    std::atomic<const char*> refusesWith = nullptr; ///< the name of an error
    std::string controlGroup = kPath;
    std::string id = "kubepods-pod1_1.slice";

private:
    void note(std::string call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(call));
        ++taken_;
    }

    int refusal(sd_bus_message* message) {
        if (hangs) {
            return 1; // taken, never answered
        }
        if (const char* const error = refusesWith) {
            return sd_bus_reply_method_errorf(message, error, "refused by the test");
        }
        return 0;
    }

    static int getUnit(sd_bus_message* message, void* self, sd_bus_error*) {
        auto& me = *static_cast<StandIn*>(self);
        const char* path = nullptr;
        sd_bus_message_read(message, "s", &path);
        me.note(std::string("unit of ") + path);
        const int refused = me.refusal(message);
        return refused != 0
                   ? refused
                   : sd_bus_reply_method_return(message, "o", "/org/freedesktop/systemd1/unit/one");
    }

    static int setProperties(sd_bus_message* message, void* self, sd_bus_error*) {
        auto& me = *static_cast<StandIn*>(self);
        const char* unit = nullptr;
        int runtime = 0;
        sd_bus_message_read(message, "sb", &unit, &runtime);
        std::string call = std::string("set ") + unit + (runtime != 0 ? " runtime" : "");
        sd_bus_message_enter_container(message, 'a', "(sv)");
        while (sd_bus_message_enter_container(message, 'r', "sv") > 0) {
            const char* name = nullptr;
            std::uint64_t value = 0;
            sd_bus_message_read(message, "s", &name);
            sd_bus_message_read(message, "v", "t", &value);
            sd_bus_message_exit_container(message);
            call += std::string(" ") + name + "=" + std::to_string(value);
        }
        me.note(call);
        const int refused = me.refusal(message);
        return refused != 0 ? refused : sd_bus_reply_method_return(message, "");
    }

    static int getProperty(sd_bus*, const char*, const char*, const char* property,
                           sd_bus_message* reply, void* self, sd_bus_error*) {
        const auto& me = *static_cast<StandIn*>(self);
        const std::string_view name = property;
        if (name == "Id") {
            return sd_bus_message_append(reply, "s", me.id.c_str());
        }
        if (name == "ControlGroup") {
            return sd_bus_message_append(reply, "s", me.controlGroup.c_str());
        }
        if (name == "Transient") {
            return sd_bus_message_append(reply, "b", 1);
        }
        return sd_bus_message_append(reply, "t",
                                     name == "CPUQuotaPerSecUSec" ? std::uint64_t{130'000}
                                     : name == "MemoryHigh"       ? std::uint64_t{419'430'400}
                                                                  : UINT64_MAX);
    }

    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd wait{listener_, POLLIN, 0};
            if (::poll(&wait, 1, 20) > 0) {
                serveOne(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK),
                         stop);
            }
        }
    }

    void serveOne(int connection, const std::stop_token& stop) {
        static const sd_bus_vtable kManager[] = {
            SD_BUS_VTABLE_START(0),
            SD_BUS_METHOD("GetUnitByControlGroup", "s", "o", getUnit, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", setProperties,
                          SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_VTABLE_END};
        static const sd_bus_vtable kUnit[] = {
            SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("Id", "s", getProperty, 0, 0),
            SD_BUS_PROPERTY("Transient", "b", getProperty, 0, 0), SD_BUS_VTABLE_END};
        static const sd_bus_vtable kSlice[] = {
            SD_BUS_VTABLE_START(0),
            SD_BUS_PROPERTY("ControlGroup", "s", getProperty, 0, 0),
            SD_BUS_PROPERTY("CPUQuotaPerSecUSec", "t", getProperty, 0, 0),
            SD_BUS_PROPERTY("CPUQuotaPeriodUSec", "t", getProperty, 0, 0),
            SD_BUS_PROPERTY("MemoryHigh", "t", getProperty, 0, 0),
            SD_BUS_VTABLE_END};
        sd_bus* bus = nullptr;
        sd_id128_t serverId;
        sd_id128_randomize(&serverId);
        sd_bus_new(&bus);
        sd_bus_set_fd(bus, connection, connection);
        sd_bus_set_server(bus, 1, serverId);
        sd_bus_start(bus);
        sd_bus_add_object_vtable(bus, nullptr, "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", kManager, this);
        constexpr const char* kObject = "/org/freedesktop/systemd1/unit/one";
        sd_bus_add_object_vtable(bus, nullptr, kObject, "org.freedesktop.systemd1.Unit", kUnit,
                                 this);
        sd_bus_add_object_vtable(bus, nullptr, kObject, "org.freedesktop.systemd1.Slice", kSlice,
                                 this);
        const auto before = taken_;
        while (!stop.stop_requested()) {
            const int r = sd_bus_process(bus, nullptr);
            if (r < 0 || (r == 0 && hangsUpAfterEachCall && taken_ != before)) {
                break;
            }
            if (r == 0) {
                sd_bus_wait(bus, 20'000);
            }
        }
        sd_bus_flush_close_unref(bus);
    }

    test::FakeTree tree_;
    std::string socket_;
    int listener_ = -1;
    std::mutex mutex_;
    std::vector<std::string> calls_;
    unsigned taken_ = 0; ///< by the serving thread alone
    std::jthread thread_;
};

TEST(UnitPropertiesOverTheBus, nobody_listening_is_said_and_is_not_a_vanished_cgroup) {
    const auto client = makeUnitPropertiesAt("unix:path=/nonexistent/private", true);
    const auto unit = client->unitOf(CgroupPath(kPath), Lever::cpuMax);
    ASSERT_FALSE(unit);
    EXPECT_EQ(unit.error().code, ENOTCONN);
    EXPECT_FALSE(unit.error().gone());
    EXPECT_THAT(unit.error().what, HasSubstr("connecting to systemd"));
}

TEST(UnitPropertiesOverTheBus, after_one_time_out_nothing_more_is_asked_until_the_next_turn) {
    StandIn systemd;
    systemd.hangs = true;
    const auto client = systemd.client();
    const auto start = std::chrono::steady_clock::now();
    for (int pod = 0; pod < 5; ++pod) {
        const auto unit = client->unitOf(CgroupPath(kPath), Lever::cpuMax);
        ASSERT_FALSE(unit);
        EXPECT_EQ(unit.error().code, ETIMEDOUT) << unit.error().what;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
    EXPECT_EQ(systemd.calls().size(), 1U);
    systemd.hangs = false;
    EXPECT_FALSE(client->unitOf(CgroupPath(kPath), Lever::cpuMax));
    client->beginTurn();
    EXPECT_TRUE(client->unitOf(CgroupPath(kPath), Lever::cpuMax));
}

TEST(UnitPropertiesOverTheBus, a_socket_that_nobody_accepts_on_costs_one_time_out_too) {
    test::FakeTree tree;
    const auto path = tree.path("private");
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 5), 0);
    const auto client = makeUnitPropertiesAt("unix:path=" + path, true);
    const auto start = std::chrono::steady_clock::now();
    for (int pod = 0; pod < 3; ++pod) {
        const auto unit = client->unitOf(CgroupPath(kPath), Lever::cpuMax);
        ASSERT_FALSE(unit);
        EXPECT_EQ(unit.error().code, ETIMEDOUT) << unit.error().what;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(6));
    ::close(listener);
}

TEST(UnitPropertiesOverTheBus, a_group_that_is_no_unit_has_none) {
    StandIn systemd;
    const auto client = systemd.client();
    EXPECT_EQ(client->unitOf(CgroupPath("/kubepods/pod1-1"), Lever::cpuMax).value(), std::nullopt);
    EXPECT_THAT(systemd.calls(), ElementsAre()) << "not even asked";
    // systemd answers with the unit above.
    EXPECT_EQ(client->unitOf(CgroupPath(std::string(kPath) + "/x.scope"), Lever::cpuMax).value(),
              std::nullopt);
    systemd.id = "dev-hugepages.mount";
    EXPECT_EQ(client->unitOf(CgroupPath(kPath), Lever::cpuMax).value(), std::nullopt);
    for (const char* error :
         {"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.DBus.Error.UnknownProperty",
          "org.freedesktop.DBus.Error.UnknownMethod"}) {
        systemd.refusesWith = error;
        EXPECT_EQ(client->unitOf(CgroupPath(kPath), Lever::cpuMax).value(), std::nullopt) << error;
    }
}

TEST(UnitPropertiesOverTheBus, a_denial_is_told_with_systemds_words) {
    StandIn systemd;
    const auto client = systemd.client();
    for (const char* error : {"org.freedesktop.DBus.Error.AccessDenied",
                              "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"}) {
        systemd.refusesWith = error;
        const auto set = client->change("kubepods-pod1_1.slice", {}, {.amount = 200'000});
        ASSERT_FALSE(set);
        EXPECT_EQ(set.error().code, EACCES);
        EXPECT_EQ(set.error().what,
                  "setting CPUQuota of kubepods-pod1_1.slice: refused by the test");
    }
    systemd.refusesWith = "org.freedesktop.systemd1.NoSuchUnit";
    const auto set = client->change("kubepods-pod1_1.slice", {}, {.amount = 200'000});
    EXPECT_FALSE(set.error().gone()) << "of the cgroup that says nothing";
}

TEST(UnitPropertiesOverTheBus, connects_again_after_systemd_hung_up) {
    StandIn systemd;
    systemd.hangsUpAfterEachCall = true;
    const auto client = systemd.client();
    for (int i = 0; i < 3; ++i) {
        const auto set = client->change("kubepods-pod1_1.slice", {}, {.amount = 200'000});
        EXPECT_TRUE(set) << set.error().what;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

TEST(UnitPropertiesOverTheBus, tells_what_the_unit_has) {
    StandIn systemd;
    const auto unit = systemd.client()->unitOf(CgroupPath(kPath), Lever::cpuMax);
    ASSERT_TRUE(unit && *unit);
    EXPECT_EQ(**unit, (ManagedUnit{.name = "kubepods-pod1_1.slice",
                                   .transient = true,
                                   .limit = {.amount = 130'000, .period = kNotSet}}));
}

TEST(UnitPropertiesOverTheBus, tells_and_sets_memory_high) {
    StandIn systemd;
    const auto client = systemd.client();
    const auto unit = client->unitOf(CgroupPath(kPath), Lever::memoryHigh);
    ASSERT_TRUE(unit && *unit);
    const UnitLimit had = (**unit).limit;
    EXPECT_EQ(had, (UnitLimit{.lever = Lever::memoryHigh, .amount = 419'430'400}));
    systemd.calls();
    ASSERT_TRUE(client->change("a.slice", had, {Lever::memoryHigh, 52'428'800}));
    ASSERT_TRUE(client->change("a.slice", had, {Lever::memoryHigh, kNotSet}));
    EXPECT_THAT(systemd.calls(),
                ElementsAre("set a.slice runtime MemoryHigh=52428800",
                            "set a.slice runtime MemoryHigh=18446744073709551615"));
}

TEST(UnitPropertiesOverTheBus, sets_the_period_only_where_it_differs) {
    StandIn systemd;
    const auto client = systemd.client();
    ASSERT_TRUE(client->change("a.slice", {Lever::cpuMax, kNotSet, kNotSet},
                               {Lever::cpuMax, 200'000, kNotSet}));
    ASSERT_TRUE(client->change("a.slice", {Lever::cpuMax, 200'000, kNotSet},
                               {Lever::cpuMax, 200'000, 50'000}));
    EXPECT_THAT(systemd.calls(), ElementsAre("set a.slice runtime CPUQuotaPerSecUSec=200000",
                                             "set a.slice runtime CPUQuotaPeriodUSec=50000 "
                                             "CPUQuotaPerSecUSec=200000"));
}

} // namespace
} // namespace plimsoll::cgroup
