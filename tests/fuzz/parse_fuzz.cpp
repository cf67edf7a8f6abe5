// SPDX-License-Identifier: Apache-2.0
#include "cgroup/parse.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

namespace plimsoll::fuzz {
namespace {

void checkLine(const PressureLine& line) {
    for (const double average : {line.avg10, line.avg60, line.avg300}) {
        require(average >= 0 && average < 1000, "averages are finite and not negative");
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
}

} // namespace plimsoll::fuzz
