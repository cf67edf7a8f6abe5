// SPDX-License-Identifier: Apache-2.0
// Ports that end the process after a given number of operations, or make one of them fail.
#pragma once

#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/limit.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace plimsoll::test {

/// kill -9: nothing of ours catches it, and no destructor of ours writes anything.
struct Killed {};

/// Burns down by one with each operation, whichever port it goes through. A kill ends all threads:
/// the one that made the fuse gets the exception, any other one does nothing any more.
class Fuse {
public:
    void set(int operations) { left_ = operations; }
    void remove() { left_ = -1; }
    /// False: dead already, on another thread.
    bool step() {
        if (left_ == 0) {
            if (std::this_thread::get_id() == owner_) {
                throw Killed{};
            }
            return false;
        }
        if (left_ > 0) {
            --left_;
        }
        return true;
    }

private:
    std::atomic<int> left_ = -1;
    std::thread::id owner_ = std::this_thread::get_id();
};

class FaultyPort : public cgroup::WritePort {
public:
    explicit FaultyPort(Fuse& fuse) : fuse_(fuse) {}

    /// Asked before each operation, on the thread that does it: an errno to fail with, or 0.
    std::function<int(std::string_view operation, const std::string& file)> failure;

    /// As the kernel does when memory.high is set below the usage. False: it finds nothing to take.
    std::atomic<bool> reclaims = true;

    Result<cgroup::OpenGroup> openGroup(const std::string& path) override {
        return run<cgroup::OpenGroup>("open", path, [&] { return WritePort::openGroup(path); });
    }
    Result<std::string> read(const cgroup::OpenGroup& group, const std::string& file) override {
        return run<std::string>("read", file, [&] { return WritePort::read(group, file); });
    }
    Result<void> write(const cgroup::OpenGroup& group, const std::string& file,
                       std::string_view bytes) override {
        return run<void>("write", file, [&] {
            return afterwards(group, file, bytes, WritePort::write(group, file, bytes));
        });
    }
    Result<void> writeUntilSignal(const cgroup::OpenGroup& group, const std::string& file,
                                  std::string_view bytes) override {
        return run<void>("write", file, [&] {
            return afterwards(group, file, bytes, WritePort::writeUntilSignal(group, file, bytes));
        });
    }
    Result<std::optional<std::string>> attribute(const cgroup::OpenGroup& group,
                                                 const std::string& name) override {
        return run<std::optional<std::string>>("getxattr", name,
                                               [&] { return WritePort::attribute(group, name); });
    }
    Result<void> setAttribute(const cgroup::OpenGroup& group, const std::string& name,
                              std::string_view value) override {
        return run<void>("setxattr", name,
                         [&] { return WritePort::setAttribute(group, name, value); });
    }
    Result<void> removeAttribute(const cgroup::OpenGroup& group, const std::string& name) override {
        return run<void>("removexattr", name,
                         [&] { return WritePort::removeAttribute(group, name); });
    }
    Result<std::optional<std::string>> readFile(const std::string& path) override {
        return run<std::optional<std::string>>("readfile", path,
                                               [&] { return WritePort::readFile(path); });
    }
    Result<void> replaceFile(const std::string& path, std::string_view bytes) override {
        return run<void>("replace", path, [&] {
            try {
                fuse_.step(); // between the write and the rename
            } catch (const Killed&) {
                std::ignore = WritePort::replaceFile(path + ".new", "half");
                throw;
            }
            return WritePort::replaceFile(path, bytes);
        });
    }
    Result<void> removeFile(const std::string& path) override {
        return run<void>("remove", path, [&] { return WritePort::removeFile(path); });
    }
    Result<void> removeEmptyDirectory(const std::string& path) override {
        return run<void>("rmdir", path, [&] { return WritePort::removeEmptyDirectory(path); });
    }

private:
    Result<void> afterwards(const cgroup::OpenGroup& group, const std::string& file,
                            std::string_view bytes, Result<void> written) const {
        if (written && file == "memory.high" && reclaims) {
            bringDownTo(group, bytes);
        }
        return written;
    }
    static void bringDownTo(const cgroup::OpenGroup& group, std::string_view high) {
        WritePort kernel;
        const auto usage =
            parseLimit(Lever::memoryHigh, kernel.read(group, "memory.current").value_or(""));
        const auto limit = parseLimit(Lever::memoryHigh, high);
        if (usage && limit && !limit->unlimited() && usage->memoryHigh() > limit->memoryHigh()) {
            std::ignore = kernel.write(group, "memory.current", high);
        }
    }

    template <class Value, class Operation>
    Result<Value> run(std::string_view operation, const std::string& file, Operation&& doIt) {
        if (!fuse_.step()) {
            return fail(EINTR, "killed");
        }
        const int code = failure ? failure(operation, file) : 0;
        return code == 0
                   ? doIt()
                   : fail(code, std::string(operation) + " " + file + ": " + std::strerror(code));
    }

    Fuse& fuse_;
};

} // namespace plimsoll::test
