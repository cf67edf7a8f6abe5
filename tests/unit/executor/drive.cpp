// SPDX-License-Identifier: Apache-2.0
// executor-drive: the executor by hand on a real node, for tests that need systemd and a kernel.
//
//   executor-drive [--mount DIR] [--kubepods PATH] [--runtime DIR] COMMAND...
//
// Commands, in order, in one process: pod PATH chooses the cgroup for what follows, lever NAME what
// is changed there (cpu.max at first); throttle VALUE, restore VALUE, reapply VALUE (microseconds
// of quota, with the period that stands; bytes of memory.high); baseline, undo, yield; reclaim
// BYTES; undo-all; leftovers; vanished; sleep MS; cycle COUNT (throttle and restore again and
// again, for kills); library VALUE (writes by libcgroup or not at all). wait takes the ends of what
// is pending; nowait lets steps stay pending. Every outcome is one line. Exit status 1 if a step
// was not done.
#include "cgroup/file_writer.hpp"
#include "daemon/executor/executor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace plimsoll {
namespace {

class Drive {
public:
    Drive(const cgroup::Layout& layout, const std::string& runtime)
        : layout_(layout), executor_(layout, runtime) {}

    void choose(const std::string& path) {
        struct stat info{};
        if (::stat(layout_.absolute(CgroupPath(path)).c_str(), &info) != 0) {
            std::cerr << "no such cgroup: " << path << '\n';
            std::exit(2);
        }
        pod_ = std::make_shared<const PodCgroup>(
            PodCgroup{.cgroup = {.path = CgroupPath(path), .inode = info.st_ino}});
    }

    void step(StepKind kind, std::optional<long> value, bool toBaseline = false) {
        const auto now = current();
        Step step{.kind = kind,
                  .lever = lever_,
                  .pod = pod_,
                  .podName = "test/pod",
                  .from = now,
                  .to = now,
                  .toBaseline = toBaseline,
                  .usage = {Millicores{500}, Bytes{}},
                  .causes = {{"test", "drive"}},
                  .reason = "by hand"};
        if (value) {
            step.to = withValue(now, *value);
        }
        carryOut(step);
    }

    void reclaim(long bytes) {
        carryOut({.kind = StepKind::reclaim,
                  .lever = Lever::memoryReclaim,
                  .pod = pod_,
                  .podName = "test/pod",
                  .amount = Bytes{static_cast<double>(bytes)},
                  .reason = "by hand"});
    }

    void carryOut(const Step& step) {
        const auto outcomes = executor_.carryOut({.tick = ++tick_, .steps = {step}});
        pending_ += outcomes.at(0).pending ? 1U : 0U;
        report(outcomes);
        if (waits_) {
            wait();
        }
    }

    void wait() {
        while (pending_ > 0) {
            pollfd finished{executor_.finishedDescriptor(), POLLIN, 0};
            ::poll(&finished, 1, -1);
            const auto outcomes = executor_.takeFinished();
            pending_ -= outcomes.size();
            report(outcomes);
        }
    }

    void report(const std::vector<Outcome>& outcomes) {
        for (const auto& outcome : outcomes) {
            failed_ = failed_ || (!outcome.done && !outcome.gone && !outcome.pending);
            std::cout << name(outcome.step.kind) << ' ' << outcome.step.pod->cgroup.path.value
                      << ' ' << name(outcome.step.lever) << ' ' << values(outcome.step) << ' '
                      << (outcome.done      ? "done by " + outcome.writer
                          : outcome.pending ? "pending"
                          : outcome.gone    ? "gone"
                                            : "FAILED: " + outcome.error)
                      << " (" << outcome.step.reason << ")\n";
        }
    }

    void writeByLibrary(long value) {
        class NoWrites : public cgroup::WritePort {
            Result<void> write(const cgroup::OpenGroup&, const std::string&,
                               std::string_view) override {
                return fail(ENOSYS, "libcgroup did not write it");
            }
        } port;
        const cgroup::FileWriter writer(port, layout_.mount);
        const auto group = port.openGroup(layout_.absolute(pod_->cgroup.path));
        const auto done = group ? writer.write(*group, pod_->cgroup.path, lever_,
                                               formatLimit(withValue(current(), value)) + "\n")
                                : Result<void>(std::unexpected(group.error()));
        failed_ = failed_ || !done;
        std::cout << "libcgroup " << (writer.usesLibcgroup(lever_) ? "knows" : "does not know")
                  << " this tree: " << (done ? "written" : done.error().what) << '\n';
    }

    /// Returns how many words were used.
    std::size_t run(const std::vector<std::string>& words, std::size_t at) {
        const auto& command = words[at];
        const auto argument = [&] { return at + 1 < words.size() ? words[at + 1] : ""; };
        const auto number = [&] { return std::stol(argument()); };
        if (command == "pod") {
            choose(argument());
        } else if (command == "throttle") {
            step(StepKind::throttle, number());
        } else if (command == "restore") {
            step(StepKind::restore, number());
        } else if (command == "reapply") {
            step(StepKind::reapply, number());
        } else if (command == "library") {
            writeByLibrary(number());
        } else if (command == "sleep") {
            std::cout << std::flush;
            std::this_thread::sleep_for(std::chrono::milliseconds(number()));
        } else if (command == "cycle") {
            for (long i = 0; i < number(); ++i) {
                step(StepKind::throttle, 30'000 - i % 20 * 1'000);
                step(StepKind::restore, 40'000);
                step(StepKind::restore, std::nullopt, true);
            }
        } else if (command == "lever") {
            lever_ = argument() == name(Lever::memoryHigh) ? Lever::memoryHigh : Lever::cpuMax;
        } else if (command == "reclaim") {
            reclaim(number());
        } else if (command == "nowait") {
            waits_ = false;
            return 1;
        } else if (command == "wait") {
            wait();
            return 1;
        } else if (command == "baseline") {
            step(StepKind::restore, std::nullopt, true);
            return 1;
        } else if (command == "undo") {
            step(StepKind::undo, std::nullopt, true);
            return 1;
        } else if (command == "yield") {
            step(StepKind::yield, std::nullopt);
            return 1;
        } else if (command == "undo-all") {
            pending_ = 0; // their ends are among the outcomes
            report(executor_.undoAll("undo-all"));
            return 1;
        } else if (command == "leftovers") {
            pending_ = 0;
            report(executor_.undoLeftovers("leftovers"));
            return 1;
        } else if (command == "vanished") {
            executor_.forgetVanished({});
            return 1;
        } else {
            std::cerr << "unknown command " << command << '\n';
            std::exit(2);
        }
        return 2;
    }

    [[nodiscard]] bool failed() const { return failed_; }

private:
    static Limit withValue(const Limit& now, long value) {
        if (now.lever() == Lever::memoryHigh) {
            return MemoryHigh{Bytes{static_cast<double>(value)}};
        }
        return CpuMax{Microseconds{value}, now.cpuMax().period};
    }

    static std::string values(const Step& step) {
        return step.lever == Lever::memoryReclaim
                   ? std::to_string(static_cast<long>(step.amount.value)) + " bytes"
                   : formatLimit(step.from) + " -> " + formatLimit(step.to);
    }

    [[nodiscard]] Limit current() const {
        std::ifstream in(layout_.absolute(pod_->cgroup.path) + "/" + std::string(name(lever_)));
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        return parseLimit(lever_, text).value_or(Limit{});
    }

    cgroup::Layout layout_;
    executor::Executor executor_;
    std::shared_ptr<const PodCgroup> pod_;
    Lever lever_ = Lever::cpuMax;
    std::uint64_t tick_ = 0;
    std::size_t pending_ = 0;
    bool waits_ = true;
    bool failed_ = false;
};

int drive(std::vector<std::string> words) {
    const auto option = [&words](const std::string& name, std::string fallback) {
        const auto found = std::ranges::find(words, "--" + name);
        if (found == words.end() || found + 1 == words.end()) {
            return fallback;
        }
        auto value = *(found + 1);
        words.erase(found, found + 2);
        return value;
    };
    cgroup::Layout layout{.mount = option("mount", "/sys/fs/cgroup"),
                          .kubepods = CgroupPath(option("kubepods", "/kubepods.slice"))};
    Drive drive(layout, option("runtime", "/run/plimsoll-drive"));
    for (std::size_t at = 0; at < words.size();) {
        at += drive.run(words, at);
    }
    return drive.failed() ? 1 : 0;
}

} // namespace
} // namespace plimsoll

int main(int argc, char** argv) {
    try {
        return plimsoll::drive({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
