// SPDX-License-Identifier: Apache-2.0
// What a tick costs in which nothing happens.
#include "fixture.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations = 0; // NOLINT: operator new has nowhere else to count
} // namespace

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
    if (void* memory = operator new(size, std::nothrow))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
    std::free(memory);
}

namespace plimsoll::test {
namespace {

using Steady = DbusTest;

TEST_F(Steady, tick_without_changes_allocates_nothing) {
    service.tick([](Published& state) { state.held = {heldPod(state, 0)}; });
    long during = -1;
    service.onLoop([&] {
        nextTick(service.state);
        const long before = allocations;
        service.service->publish();
        during = allocations - before;
    });
    EXPECT_EQ(during, 0);
}

TEST_F(Steady, nothing_is_allocated_without_a_bus_either) {
    bus.stop();
    ASSERT_TRUE(service.waitUntilConnected(false));
    long during = -1;
    service.onLoop([&] {
        service.state.mode = Mode::avoiding;
        const long before = allocations;
        service.service->publish();
        during = allocations - before;
    });
    EXPECT_EQ(during, 0);
}

} // namespace
} // namespace plimsoll::test
