// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/limit.hpp"

#include <charconv>
#include <cstdint>

namespace plimsoll {
namespace {

constexpr std::string_view kUnlimited = "max";

std::optional<MemoryHigh> parseMemoryHigh(std::string_view text) {
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    if (text == kUnlimited) {
        return MemoryHigh{};
    }
    std::uint64_t bytes = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (status != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return MemoryHigh{Bytes{static_cast<double>(bytes)}};
}

} // namespace

Lever Limit::lever() const {
    return std::holds_alternative<CpuMax>(value) ? Lever::cpuMax : Lever::memoryHigh;
}

bool Limit::unlimited() const {
    return lever() == Lever::cpuMax ? !cpuMax().quota : !memoryHigh().bytes;
}

std::optional<Limit> parseLimit(Lever lever, std::string_view text) {
    if (lever == Lever::cpuMax) {
        const auto value = parseCpuMax(text);
        return value ? std::optional<Limit>(*value) : std::nullopt;
    }
    if (lever == Lever::memoryHigh) {
        const auto value = parseMemoryHigh(text);
        return value ? std::optional<Limit>(*value) : std::nullopt;
    }
    return std::nullopt;
}

std::string formatLimit(const Limit& limit) {
    if (limit.lever() == Lever::cpuMax) {
        return formatCpuMax(limit.cpuMax());
    }
    const auto& bytes = limit.memoryHigh().bytes;
    return bytes ? std::to_string(static_cast<std::uint64_t>(bytes->value))
                 : std::string(kUnlimited);
}

} // namespace plimsoll
