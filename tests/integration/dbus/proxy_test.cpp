// SPDX-License-Identifier: Apache-2.0
// The proxies that clients get, generated from the same XML.
#include "dbus/sdbus_compat.hpp"
#include "fixture.hpp"
#include "org.plimsoll.Node1.Manager.proxy.hpp"
#include "org.plimsoll.Node1.Pod.proxy.hpp"

namespace plimsoll::test {
namespace {

class Manager final : public sdbus::ProxyInterfaces<org::plimsoll::Node1::Manager_proxy> {
public:
    explicit Manager(sdbus::IConnection& connection)
        : ProxyInterfaces(connection, dbus::BusServiceName{kName},
                          sdbus::ObjectPath{kManagerPath}) {
        registerProxy();
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { unregisterProxy(); }

private:
    using Path = sdbus::ObjectPath;
    using Text = std::string;
    void onRuleTriggered(const Path&, const Text&, const Text&, const dbus::Dict&) override {}
    void onRuleRestored(const Path&, const Text&, const Text&, const dbus::Dict&) override {}
    void onStepDone(const Text&, const Text&, const Text&, const Text&, const Text&,
                    const dbus::Dict&) override {}
    void onStepFailed(const Text&, const Text&, const Text&, const Text&,
                      const dbus::Dict&) override {}
    void onPolicyChanged(const std::uint64_t&, const dbus::Dict&) override {}
    void onDrift(const Text&, const Text&, const Text&, const Text&, const dbus::Dict&) override {}
};

class PodClient final : public sdbus::ProxyInterfaces<org::plimsoll::Node1::Pod_proxy> {
public:
    PodClient(sdbus::IConnection& connection, const std::string& path)
        : ProxyInterfaces(connection, dbus::BusServiceName{kName}, sdbus::ObjectPath{path}) {
        registerProxy();
    }
    PodClient(const PodClient&) = delete;
    PodClient& operator=(const PodClient&) = delete;
    ~PodClient() { unregisterProxy(); }
};

using Proxies = DbusTest;

TEST_F(Proxies, read_what_the_service_shows) {
    const auto connection = sdbus::createSystemBusConnection();
    Manager manager(*connection);
    EXPECT_EQ(manager.Mode(), "watching");
    EXPECT_EQ(manager.Rules().size(), 2U);
    EXPECT_EQ(manager.GetSnapshot().at("Tick").get<std::uint64_t>(), 7U);
    PodClient pod(*connection, kBatchPath);
    EXPECT_EQ(pod.Name(), "batch-0");
    EXPECT_EQ(pod.CpuUsage(), 900);
}

} // namespace
} // namespace plimsoll::test
