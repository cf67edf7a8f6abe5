// SPDX-License-Identifier: Apache-2.0
// A node with pods in a temporary directory, and an executor on it that can be killed and
// restarted.
#pragma once

#include "cgroup/baseline_store.hpp"
#include "daemon/executor/executor.hpp"
#include "tests/unit/executor/fake_systemd.hpp"
#include "tests/unit/executor/fuse.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <vector>

namespace plimsoll::test {

inline CpuMax limit(long quota, long period = 100'000) {
    return {Microseconds{quota}, Microseconds{period}};
}
inline CpuMax unlimited() {
    return {};
}

constexpr double kMiB = 1024.0 * 1024;
inline MemoryHigh high(double mebibytes) {
    return {Bytes{mebibytes * kMiB}};
}
inline std::string highText(double mebibytes) {
    return formatLimit(high(mebibytes)) + "\n";
}
inline MemoryHigh noHigh() {
    return {};
}

class Node {
public:
    static constexpr const char* kCgroups = "cgroup";
    static constexpr const char* kSystemd = "systemd";
    static constexpr int kLongestWait = 10'000; ///< ms; far more than it takes

    Node()
        : files(std::make_shared<FaultyPort>(fuse)),
          systemd(std::make_shared<FakeSystemd>(tree, fuse, kCgroups, kSystemd)) {
        tree.makeDirectory(std::string(kCgroups) + "/kubepods.slice");
        tree.makeDirectory(std::string(kSystemd) + "/transient");
        restart();
    }

    /// A pod's cgroup that is no unit: as under the cgroupfs driver.
    std::string addPod(const std::string& uid, const std::string& cpuMax = "max 100000\n",
                       const std::string& memoryHigh = "max\n") {
        const std::string path = "/" + systemdPodPath("besteffort", uid);
        tree.write(kCgroups + path + "/cpu.max", cpuMax);
        tree.write(kCgroups + path + "/cpu.weight", "33\n");
        tree.write(kCgroups + path + "/memory.max", "1073741824\n");
        tree.write(kCgroups + path + "/memory.high", memoryHigh);
        tree.write(kCgroups + path + "/memory.current", highText(400));
        tree.write(kCgroups + path + "/memory.reclaim", "");
        return path;
    }
    /// One that is a slice of systemd's, where others wrote values of their own by hand.
    std::string addUnitPod(const std::string& uid, const std::string& cpuMax = "max 100000\n",
                           const cgroup::UnitLimit& cpu = {}, bool transient = true,
                           const std::string& memoryHigh = "max\n",
                           std::uint64_t memoryProperty = cgroup::kNotSet) {
        const std::string path = addPod(uid, cpuMax, memoryHigh);
        systemd->add(path, transient, cpu, memoryProperty);
        return path;
    }

    std::string cpuMax(const std::string& path) const {
        return tree.read(kCgroups + path + "/cpu.max");
    }
    void setCpuMax(const std::string& path, const std::string& bytes) {
        tree.write(kCgroups + path + "/cpu.max", bytes);
    }
    std::string memoryHigh(const std::string& path) const {
        return tree.read(kCgroups + path + "/memory.high");
    }
    void setMemoryHigh(const std::string& path, const std::string& bytes) {
        tree.write(kCgroups + path + "/memory.high", bytes);
    }
    std::string value(const std::string& path, Lever lever) const {
        return tree.read(kCgroups + path + "/" + std::string(name(lever)));
    }
    void setValue(const std::string& path, Lever lever, const std::string& bytes) {
        tree.write(kCgroups + path + "/" + std::string(name(lever)), bytes);
    }
    void setUsage(const std::string& path, double mebibytes) {
        tree.write(kCgroups + path + "/memory.current", highText(mebibytes));
    }
    std::string absolute(const std::string& path) const { return tree.path(kCgroups + path); }
    std::string attribute(const std::string& path, Lever lever = Lever::cpuMax) const {
        std::array<char, 8192> value{};
        const auto length = ::getxattr(absolute(path).c_str(), cgroup::attributeName(lever).c_str(),
                                       value.data(), value.size());
        return length < 0 ? "" : std::string(value.data(), static_cast<std::size_t>(length));
    }
    void setAttribute(const std::string& path, const std::string& value,
                      Lever lever = Lever::cpuMax) const {
        ASSERT_EQ(::setxattr(absolute(path).c_str(), cgroup::attributeName(lever).c_str(),
                             value.data(), value.size(), 0),
                  0);
    }

    std::shared_ptr<const PodCgroup> pod(const std::string& path) const {
        struct stat info{};
        EXPECT_EQ(::stat(absolute(path).c_str(), &info), 0) << path;
        return std::make_shared<const PodCgroup>(
            PodCgroup{.uid = PodUid("1-1"),
                      .qosClass = QosClass::bestEffort,
                      .cgroup = {.path = CgroupPath(path), .inode = info.st_ino}});
    }
    Step step(StepKind kind, const std::string& path, const Limit& from, const Limit& to) const {
        return {.kind = kind,
                .lever = from.lever(),
                .pod = pod(path),
                .podName = "default/batch",
                .from = from,
                .to = to,
                .usage = {Millicores{800}, Bytes{300 * kMiB}},
                .causes = {{"watermark", "cpu"}},
                .reason = "cpu above the watermark"};
    }
    Step throttle(const std::string& path, const Limit& from, const Limit& to) const {
        return step(StepKind::throttle, path, from, to);
    }
    Step backToBaseline(const std::string& path, const Limit& from, const Limit& to) const {
        auto result = step(StepKind::restore, path, from, to);
        result.toBaseline = true;
        return result;
    }

    std::vector<Outcome> carryOut(std::vector<Step> steps) {
        return executor->carryOut({.tick = ++tick, .steps = std::move(steps)});
    }
    /// To its end, also where the worker has a part in it.
    Outcome carryOutOne(const Step& one) {
        auto outcome = carryOut({one}).front();
        return outcome.pending ? nextFinished() : outcome;
    }
    /// Waits for the worker as the loop does. One at a time, however many were taken at once.
    Outcome nextFinished() {
        if (finished_.empty()) {
            pollfd wait{executor->finishedDescriptor(), POLLIN, 0};
            EXPECT_EQ(::poll(&wait, 1, kLongestWait), 1) << "the worker does not say it is done";
            std::ranges::move(executor->takeFinished(), std::back_inserter(finished_));
        }
        if (finished_.empty()) {
            ADD_FAILURE() << "nothing is finished";
            return {};
        }
        auto outcome = std::move(finished_.front());
        finished_.pop_front();
        return outcome;
    }
    Step reclaim(const std::string& path, double mebibytes) const {
        return {.kind = StepKind::reclaim,
                .lever = Lever::memoryReclaim,
                .pod = pod(path),
                .podName = "default/batch",
                .amount = Bytes{mebibytes * kMiB},
                .expected = {.memory = Bytes{mebibytes * kMiB}},
                .reason = "memory above the watermark"};
    }

    /// A new process on the same node.
    void restart() {
        executor.reset();
        finished_.clear();
        fuse.remove();
        files->failure = nullptr;
        executor = std::make_unique<executor::Executor>(
            cgroup::Layout{.mount = tree.path(kCgroups), .kubepods = CgroupPath("/kubepods.slice")},
            tree.path("run"),
            executor::Ports{
                .files = files, .units = systemd, .systemdRuntime = tree.path(kSystemd)});
    }

    /// Every file with its bytes (but the usage), every directory, every record, every property.
    std::map<std::string, std::string> everything() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(tree.root())) {
            const auto relative = entry.path().string().substr(tree.root().size());
            if (relative.starts_with("/run")) {
                // Our own directory may stay; what it lists may not.
                if (entry.is_regular_file()) {
                    all[relative] = "listed";
                }
                continue;
            }
            if (relative.ends_with("/memory.current")) {
                continue;
            }
            if (entry.is_regular_file()) {
                all[relative] = tree.read(relative);
            } else {
                std::array<char, 8192> names{};
                const auto length = ::listxattr(entry.path().c_str(), names.data(), names.size());
                all[relative] = std::string(names.data(),
                                            static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
            }
        }
        for (const auto& [path, unit] : systemd->units) {
            all["property " + path] = std::to_string(unit.state.limit.amount) + " " +
                                      std::to_string(unit.state.limit.period) + " " +
                                      std::to_string(unit.memory.amount);
        }
        return all;
    }

    Fuse fuse;
    FakeTree tree;
    std::shared_ptr<FaultyPort> files;
    std::shared_ptr<FakeSystemd> systemd;
    std::unique_ptr<executor::Executor> executor;
    std::uint64_t tick = 0;

private:
    std::deque<Outcome> finished_;
};

inline bool temporaryDirectoryTakesAttributes() {
    const FakeTree tree;
    return ::setxattr(tree.root().c_str(), "user.plimsoll.test", "x", 1, 0) == 0;
}

/// These tests make thousands of small trees; on a busy disk that takes minutes.
inline void keepTemporaryFilesInMemory() {
    constexpr const char* kMemory = "/dev/shm";
    const char* const before = std::getenv("TMPDIR");
    if (before != nullptr || !std::filesystem::is_directory(kMemory)) {
        return;
    }
    ::setenv("TMPDIR", kMemory, 1);
    if (!temporaryDirectoryTakesAttributes()) {
        ::unsetenv("TMPDIR");
    }
}

class NodeTest : public testing::Test {
protected:
    static void SetUpTestSuite() { keepTemporaryFilesInMemory(); }
    void SetUp() override {
        if (!temporaryDirectoryTakesAttributes()) {
            GTEST_SKIP() << "the temporary directory takes no user attributes (tmpfs before 6.6)";
        }
    }
    Node node;
};

} // namespace plimsoll::test
