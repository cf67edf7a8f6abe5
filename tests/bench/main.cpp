// SPDX-License-Identifier: Apache-2.0
// plimsoll-bench: what a tick costs, beside what it may cost. Exits 1 when a budget is missed.
#include "tests/bench/collect.hpp"
#include "tests/bench/decide.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/mirror.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

namespace plimsoll::bench {
namespace {

constexpr double kCollectRatio = 1.5;   // of the bare loop
constexpr double kDecideSeconds = 1e-3; // 500 pods × 50 rules
constexpr double kCoreShare = 0.5;      // percent of a core, 110 pods, 1 s ticks
constexpr std::size_t kMirrorHeap = std::size_t{1024} * 1024; // 250 pods, while they are listed
constexpr long kResident110 = 16 * 1024;                      // KiB
constexpr long kResident500 = 24 * 1024;

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
    char buffer[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    return buffer;
}

/// To that many columns; the continuation bytes of "×" and "≤" take none.
std::string padded(std::string cell, std::size_t columns) {
    const auto width = static_cast<std::size_t>(std::ranges::count_if(
        cell, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
    return width < columns ? cell.append(columns - width, ' ') : cell;
}

class Table {
public:
    void add(const Line& line) {
        missed_ |= !line.met;
        std::printf("%s %s %s %s\n", padded(line.what, 45).c_str(),
                    padded(line.measured, 46).c_str(), padded(line.budget, 8).c_str(),
                    line.budget.empty() ? ""
                    : line.met          ? "ok"
                                        : "MISSED");
        std::fflush(stdout);
    }
    [[nodiscard]] bool missed() const { return missed_; }

private:
    bool missed_ = false;
};

CollectTimes addCollect(Table& table, const char* kind, const PodTree& tree, int repetitions) {
    const CollectTimes times = measureCollect(tree, repetitions);
    table.add({.what = text("tick, %zu pods, %s", times.pods, kind),
               .measured = text("%.3f ms: %.2f× of %zu bare preads (%.3f ms)", times.tick * 1e3,
                                times.ratio, times.reads, times.bare * 1e3),
               .budget = text("≤ %.1f×", kCollectRatio),
               .met = times.ratio <= kCollectRatio});
    table.add({.what = text("heap allocations in %d such ticks", repetitions),
               .measured = text("%zu", times.allocations),
               .budget = "0",
               .met = times.allocations == 0});
    return times;
}

void addResident(Table& table, const std::string& self, const PodTree& tree, int pods,
                 long budget) {
    const long resident = residentOf(self, tree.root(), pods);
    table.add({.what = text("resident, collector and analyzer, %d pods", pods),
               .measured = text("%.1f MiB", static_cast<double>(resident) / 1024),
               .budget = text("≤ %ld MiB", budget / 1024),
               .met = resident > 0 && resident <= budget});
}

void addMirror(Table& table) {
    const MirrorCost cost = measureMirror(250);
    const auto kib = [](std::size_t bytes) { return static_cast<double>(bytes) / 1024; };
    table.add({.what = text("heap of the mirror, list of %zu pods of 20 KiB", cost.pods),
               .measured = text("%.0f KiB, at most %.0f KiB while %.0f KiB come in (%.0f ms)",
                                kib(cost.kept), kib(cost.most), kib(cost.body), cost.list * 1e3),
               .budget = "≤ 1 MiB",
               .met = cost.pods == 250 && cost.most <= kMirrorHeap});
}

void raiseOpenFiles() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int run(const std::string& self, int scale) {
    utsname kernel{};
    ::uname(&kernel);
    std::printf(
        "plimsoll-bench: Linux %s, %ld CPUs. Medians of CPU time; a tick and the bare loop\n"
        "over the same descriptors in turns. A pod has a sandbox and two containers.\n\n",
        kernel.release, ::sysconf(_SC_NPROCESSORS_ONLN));
    Table table;
    double tick110 = 0;
    for (const int pods : {10, 110, 500}) {
        const int repetitions = std::max(20, scale * 20'000 / pods / 10);
        {
            const PodTree tree = plainTree(pods);
            addCollect(table, "plain files", tree, repetitions);
            if (pods > 10) {
                addResident(table, self, tree, pods, pods == 110 ? kResident110 : kResident500);
            }
        }
        if (const auto tree = realTree(pods)) {
            const CollectTimes times = addCollect(table, "real cgroups", *tree, repetitions);
            tick110 = pods == 110 ? times.tick : tick110;
        } else {
            table.add({.what = text("tick, %d pods, real cgroups", pods),
                       .measured = "not measured: no cgroup2 mount to make groups in"});
        }
    }
    const DecideLoad::Times decide = DecideLoad(500).measure(100 * scale);
    table.add({.what = "analyze and plan, 500 pods, 50 rules, quiet",
               .measured = text("%.3f ms", decide.idle * 1e3),
               .budget = "≤ 1 ms",
               .met = decide.idle <= kDecideSeconds});
    table.add({.what = "heap allocations in such a tick",
               .measured = text("%.2f", static_cast<double>(decide.allocations) / (100.0 * scale)),
               .budget = "0",
               .met = decide.allocations == 0});
    table.add({.what = "analyze and plan, 500 pods, 50 rules, acting",
               .measured = text("%.3f ms, %zu steps planned", decide.acting * 1e3, decide.steps),
               .budget = "≤ 1 ms",
               .met = decide.acting <= kDecideSeconds});
    addMirror(table);
    if (tick110 > 0) {
        const double share = (tick110 + decide.idle) * 100;
        table.add({.what = "collect and decide once a second, 110 pods",
                   .measured = text("%.2f %% of a core", share),
                   .budget = text("≤ %.1f %%", kCoreShare),
                   .met = share <= kCoreShare});
    }
    return table.missed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace
} // namespace plimsoll::bench

int main(int count, char** arguments) {
    using namespace plimsoll::bench;
    raiseOpenFiles();
    const std::vector<std::string> words(arguments, arguments + count);
    if (count == 4 && words[1] == "--print-resident") {
        return printResident(words[2], std::stoi(words[3]));
    }
    if (count == 1) {
        return run(words[0], 10);
    }
    if (count == 2 && words[1] == "--quick") {
        return run(words[0], 1);
    }
    std::fprintf(stderr, "usage: plimsoll-bench [--quick]\n");
    return 2;
}
