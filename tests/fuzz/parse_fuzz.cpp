// SPDX-License-Identifier: Apache-2.0
#include "cgroup/parse.hpp"
#include "daemon/model/limit.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <cstddef>
#include <string_view>

namespace plimsoll::fuzz {
namespace {

void checkLine(const PressureLine& line) {
    for (const double average : {line.avg10, line.avg60, line.avg300}) {
        require(average >= 0 && average < 1000, "averages are finite and not negative");
    }
}

/// Every line that is taken makes the text shorter; names are one word and lie within it.
template <class Take>
void checkTable(std::string_view text, Take take) {
    const std::string_view whole = text;
    while (!text.empty()) {
        const std::size_t before = text.size();
        const auto device = take(text);
        if (!device) {
            return;
        }
        require(text.size() < before, "a line was taken off");
        require(!device->name.empty(), "a device has a name");
        require(device->name.find_first_of(" \n") == std::string_view::npos, "of one word");
        require(device->name.data() >= whole.data() &&
                    device->name.data() + device->name.size() <= whole.data() + whole.size(),
                "within the text");
    }
}

} // namespace

void fuzzParse(std::string_view text) {
    static_cast<void>(cgroup::parseCpuStat(text));
    static_cast<void>(cgroup::parseNumber(text));
    static_cast<void>(cgroup::parseInactiveFile(text));
    if (const auto pressure = cgroup::parsePressure(text)) {
        checkLine(pressure->some);
        if (pressure->full) {
            checkLine(*pressure->full);
        }
    }
    if (const auto times = cgroup::parseProcStat(text)) {
        require(times->onlineCpus > 0, "some CPU is online");
    }
    if (const auto memory = cgroup::parseMemoryInfo(text)) {
        require(memory->total % 1024 == 0, "whole KiB");
    }
    static_cast<void>(cgroup::parseHighEvents(text));
    if (const auto high = parseLimit(Lever::memoryHigh, text)) {
        require(high->unlimited() || high->memoryHigh().bytes->value >= 0, "not negative");
    }
    if (const auto load = cgroup::parseLoadAverage(text)) {
        for (const double average : {load->over1, load->over5, load->over15}) {
            require(average >= 0 && average < 1e7, "loads are finite and not negative");
        }
    }
    checkTable(text, cgroup::takeDisk);
    if (std::string_view rows = text; cgroup::takeInterfaceHeadings(rows)) {
        checkTable(rows, cgroup::takeInterface);
    }
    checkTable(text, cgroup::takeInterface); // without the headings libFuzzer gets there sooner
}

} // namespace plimsoll::fuzz
