// SPDX-License-Identifier: Apache-2.0
// plimsoll-microbench: the parsers alone, under google-benchmark.
#include "cgroup/parse.hpp"
#include "daemon/model/cpu_max.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <benchmark/benchmark.h>
#include <cstdint>
#include <string>

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
    add("/proc/stat, 128 CPUs", cgroup::parseProcStat, procStat(128));
    benchmark::Initialize(&count, arguments);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
