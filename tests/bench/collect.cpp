// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/collect.hpp"

#include "tests/bench/decide.hpp"
#include "tests/unit/support/allocations.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace plimsoll::bench {
namespace {

namespace fs = std::filesystem;

MonotonicTime at(int second) {
    return MonotonicTime(std::chrono::hours(1) + std::chrono::seconds(second));
}

/// The descriptors of a tick: those of every tick, and the containers' memory files, of which each
/// tick reads one eighth.
struct KeptOpen {
    std::vector<int> always;
    std::vector<int> inTurn;
};

/// What the collector reads of /proc; net/dev is that of a process.
bool isOfNode(std::string_view path) {
    for (const char* file : {"/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/diskstats"}) {
        if (path == file) {
            return true;
        }
    }
    return path.starts_with("/proc/pressure/") ||
           (path.starts_with("/proc/") && path.ends_with("/net/dev"));
}

KeptOpen keptOpen(const std::string& root) {
    KeptOpen found;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        const std::string path = fs::read_symlink(entry.path(), error);
        if (error || (!path.starts_with(root + "/") && !isOfNode(path)) ||
            fs::is_directory(path, error)) {
            continue;
        }
        const bool inTurn = path.find(".scope/memory.") != std::string::npos;
        (inTurn ? found.inTurn : found.always).push_back(std::stoi(entry.path().filename()));
    }
    std::ranges::sort(found.always); // in the order in which they were opened, and are read
    std::ranges::sort(found.inTurn);
    return found;
}

class BareLoop {
public:
    explicit BareLoop(const std::string& root) : files_(keptOpen(root)) {}

    std::size_t run() {
        std::size_t reads = 0;
        const auto read = [&](int file) {
            if (::pread(file, buffer_.data(), buffer_.size(), 0) >= 0) {
                ++reads;
            }
        };
        std::ranges::for_each(files_.always, read);
        for (std::size_t at = turn_++ % 8; at < files_.inTurn.size(); at += 8) {
            read(files_.inTurn[at]);
        }
        return reads;
    }

private:
    KeptOpen files_;
    std::size_t turn_ = 0;
    std::array<char, 16384> buffer_{};
};

} // namespace

CollectTimes measureCollect(const PodTree& tree, int repetitions) {
    collector::Collector collector(tree.sources);
    int second = 0;
    std::shared_ptr<const Snapshot> snapshot;
    const auto tick = [&] { snapshot = collector.collect(at(second++)); };
    for (int warmUp = 0; warmUp < 40; ++warmUp) {
        tick();
    }
    BareLoop bare(tree.root());
    CollectTimes times{.reads = bare.run(), .pods = snapshot->pods.size()};
    std::vector<double> ticks;
    std::vector<double> loops;
    std::vector<double> ratios;
    for (int repetition = 0; repetition < repetitions; ++repetition) {
        const auto timedTick = [&] {
            const std::size_t before = test::allocations();
            const double time = timed(tick);
            times.allocations += test::allocations() - before;
            ticks.push_back(time);
        };
        const auto timedLoop = [&] { loops.push_back(timed([&] { bare.run(); })); };
        // Each goes first every other time.
        if (repetition % 2 == 0) {
            timedTick();
            timedLoop();
        } else {
            timedLoop();
            timedTick();
        }
        ratios.push_back(ticks.back() / loops.back());
    }
    times.tick = median(std::move(ticks));
    times.bare = median(std::move(loops));
    times.ratio = median(std::move(ratios));
    return times;
}

int printResident(const std::string& mount, int pods) {
    collector::Collector collector({.layout = {.mount = mount,
                                               .kubepods = CgroupPath("/kubepods.slice"),
                                               .driver = cgroup::Driver::systemd}});
    DecideLoad load(pods);
    for (int second = 0; second < 20; ++second) {
        load.decide(*collector.collect(at(second)));
    }
    long sizePages = 0;
    long residentPages = 0;
    std::ifstream("/proc/self/statm") >> sizePages >> residentPages;
    std::printf("%ld\n", residentPages * (::sysconf(_SC_PAGESIZE) / 1024));
    return 0;
}

long residentOf(const std::string& self, const std::string& mount, int pods) {
    const std::string command = self + " --print-resident " + mount + " " + std::to_string(pods);
    const std::unique_ptr<FILE, int (*)(FILE*)> child(::popen(command.c_str(), "r"), ::pclose);
    long kibibytes = 0;
    if (!child || std::fscanf(child.get(), "%ld", &kibibytes) != 1) {
        return -1;
    }
    return kibibytes;
}

} // namespace plimsoll::bench
