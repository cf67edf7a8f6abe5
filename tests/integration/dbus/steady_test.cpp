// SPDX-License-Identifier: Apache-2.0
// What a tick costs in which nothing happens.
#include "fixture.hpp"
#include "tests/unit/support/allocations.hpp"

namespace plimsoll::test {
namespace {

using Steady = DbusTest;

TEST_F(Steady, tick_without_changes_allocates_nothing) {
    service.tick([](Published& state) {
        state.held = {heldPod(state, 0), heldByMemory(state, 0)};
        state.objects = {
            {.kind = "NodeQOS", .name = "a name that is not short", .problems = {"x"}}};
        state.rules[0].trouble = "a sentence that is longer than a short string";
        auto custom = std::make_shared<CustomSamples>();
        custom->problems = {{.source = "NodeQOS/web", .reason = "the connection was refused"}};
        auto snapshot = std::make_shared<Snapshot>(*state.snapshot);
        snapshot->custom = custom;
        state.snapshot = snapshot;
    });
    long during = -1;
    service.onLoop([&] {
        nextTick(service.state);
        const std::size_t before = allocations();
        service.service->publish();
        during = static_cast<long>(allocations() - before);
    });
    EXPECT_EQ(during, 0);
}

TEST_F(Steady, nothing_is_allocated_without_a_bus_either) {
    bus.stop();
    ASSERT_TRUE(service.waitUntilConnected(false));
    long during = -1;
    service.onLoop([&] {
        service.state.mode = Mode::avoiding;
        const std::size_t before = allocations();
        service.service->publish();
        during = static_cast<long>(allocations() - before);
    });
    EXPECT_EQ(during, 0);
}

} // namespace
} // namespace plimsoll::test
