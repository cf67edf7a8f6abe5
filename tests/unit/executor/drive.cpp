// SPDX-License-Identifier: Apache-2.0
// executor-drive: the executor by hand on a real node, for tests that need systemd and a kernel.
//
//   executor-drive [--mount DIR] [--kubepods PATH] [--runtime DIR] COMMAND...
//
// Commands, in order, in one process: pod PATH chooses the cgroup for what follows;
// throttle QUOTA, restore QUOTA, reapply QUOTA (microseconds, with the period that stands);
// baseline, undo, yield; undo-all; leftovers; vanished; sleep MS; cycle COUNT (throttle and restore
// again and again, for kills); library QUOTA (writes by libcgroup or not at all). Every outcome is
// one line. Exit status 1 if a step was not done.
#include "cgroup/file_writer.hpp"
#include "daemon/executor/executor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
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

    void step(StepKind kind, std::optional<long> quota, bool toBaseline = false) {
        const auto now = current();
        Step step{.kind = kind,
                  .pod = pod_,
                  .podName = "test/pod",
                  .from = now,
                  .to = now,
                  .toBaseline = toBaseline,
                  .usage = Millicores{500},
                  .causes = {{"test", "drive"}},
                  .reason = "by hand"};
        if (quota) {
            step.to.quota = Microseconds{*quota};
        }
        report(executor_.carryOut({.tick = ++tick_, .steps = {step}}));
    }

    void report(const std::vector<Outcome>& outcomes) {
        for (const auto& outcome : outcomes) {
            failed_ = failed_ || (!outcome.done && !outcome.gone);
            std::cout << name(outcome.step.kind) << ' ' << outcome.step.pod->cgroup.path.value
                      << ' ' << formatLimit(outcome.step.from) << " -> "
                      << formatLimit(outcome.step.to) << ' '
                      << (outcome.done   ? "done by " + outcome.writer
                          : outcome.gone ? "gone"
                                         : "FAILED: " + outcome.error)
                      << " (" << outcome.step.reason << ")\n";
        }
    }

    void writeByLibrary(long quota) {
        class NoWrites : public cgroup::WritePort {
            Result<void> write(const cgroup::OpenGroup&, const std::string&,
                               std::string_view) override {
                return fail(ENOSYS, "libcgroup did not write it");
            }
        } port;
        const cgroup::FileWriter writer(port, layout_.mount);
        const auto group = port.openGroup(layout_.absolute(pod_->cgroup.path));
        const auto done = group ? writer.writeCpuMax(*group, pod_->cgroup.path,
                                                     std::to_string(quota) + " 100000\n")
                                : Result<void>(std::unexpected(group.error()));
        failed_ = failed_ || !done;
        std::cout << "libcgroup " << (writer.usesLibcgroup() ? "knows" : "does not know")
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
            report(executor_.undoAll("undo-all"));
            return 1;
        } else if (command == "leftovers") {
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
    [[nodiscard]] CpuMax current() const {
        std::ifstream in(layout_.absolute(pod_->cgroup.path) + "/cpu.max");
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        return parseCpuMax(text).value_or(CpuMax{});
    }

    cgroup::Layout layout_;
    executor::Executor executor_;
    std::shared_ptr<const PodCgroup> pod_;
    std::uint64_t tick_ = 0;
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
