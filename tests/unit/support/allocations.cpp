// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/support/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> freed{0};

void* counted(std::size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    void* const memory = std::malloc(size > 0 ? size : 1);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void release(void* memory) {
    freed.fetch_add(memory == nullptr ? 0 : 1, std::memory_order_relaxed);
    std::free(memory);
}

} // namespace

std::size_t plimsoll::test::allocations() {
    return count.load(std::memory_order_relaxed);
}

std::size_t plimsoll::test::livingAllocations() {
    return count.load(std::memory_order_relaxed) - freed.load(std::memory_order_relaxed);
}

// The array forms call these.
void* operator new(std::size_t size) {
    return counted(size);
}
// gcc 14's sort asks for its buffer this way.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    count.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(size > 0 ? size : 1);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}
