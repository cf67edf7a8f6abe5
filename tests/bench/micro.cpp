// SPDX-License-Identifier: Apache-2.0
// plimsoll-microbench: the parsers alone, under google-benchmark.
#include "cgroup/parse.hpp"
#include "daemon/model/cpu_max.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <benchmark/benchmark.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {
namespace {

template <class Parse>
void add(const char* name, Parse parse, const std::string& text) {
    benchmark::RegisterBenchmark(name, [parse, text](benchmark::State& state) {
        for ([[maybe_unused]] auto iteration : state) {
            auto parsed = parse(text);
            benchmark::DoNotOptimize(parsed);
        }
        state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
    });
}

/// A parser that takes a row off a text.
template <class Take>
auto firstRow(Take take) {
    return [take](std::string_view text) { return take(text); };
}

std::string procStat(int cpus) {
    const std::string counters = " 123456 789 45678 9876543 2345 0 1234 567 0 0\n";
    std::string text = "cpu " + counters;
    for (int cpu = 0; cpu < cpus; ++cpu) {
        text += "cpu" + std::to_string(cpu) + counters;
    }
    return text + "intr 12345\n";
}

} // namespace
} // namespace plimsoll

int main(int count, char** arguments) {
    using namespace plimsoll;
    add("cpu.stat", cgroup::parseCpuStat, test::cpuStatText(123'456'789));
    add("memory.stat", cgroup::parseInactiveFile, test::memoryStatText(123'456));
    add("cpu.pressure", cgroup::parsePressure, test::FakeCgroup{}.pressure);
    add("memory.current", cgroup::parseNumber, "20971520\n");
    add("cpu.max", parseCpuMax, "180000 100000\n");
    add("memory.events", cgroup::parseHighEvents, test::memoryEventsText(12'345));
    add("/proc/loadavg", cgroup::parseLoadAverage, "0.11 0.13 0.28 3/91 9087\n");
    add("a row of /proc/diskstats", firstRow(cgroup::takeDisk),
        " 254       0 vda 65794 9060 4036962 16093 12657 11908 7270064 17147 0 8192 34196 7575 44 "
        "4700464 921 1037 33\n");
    add("a row of /proc/net/dev", firstRow(cgroup::takeInterface),
        "  eth0: 19105851     465    0    0    0     0          0         0    27760     336    0"
        "    0    0     0       0          0\n");
    add("/proc/stat, 128 CPUs", cgroup::parseProcStat, procStat(128));
    benchmark::Initialize(&count, arguments);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
