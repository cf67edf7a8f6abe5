// SPDX-License-Identifier: Apache-2.0
// A child of ours that leaves neither zombie nor descriptor behind.
#pragma once

#include "daemon/model/error.hpp"

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace plimsoll::kube {

struct Program {
    std::string file; ///< with a slash it is a path, without it is looked for in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment; ///< in place of ours
};

/// Heads a process group of its own, has no terminal and an empty standard input.
class ChildProcess {
public:
    static Result<ChildProcess> start(const Program& program);
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) = delete;
    /// Kills the group and waits for its first process to be gone.
    ~ChildProcess();

    [[nodiscard]] int standardOutput() const { return output_; } ///< does not block
    [[nodiscard]] int standardError() const { return error_; }   ///< does not block
    [[nodiscard]] int ended() const { return pidfd_; } ///< readable when the process has ended

    /// Kills what is left of the group. "" for success, else "ended with status 1", "was killed by
    /// signal 11".
    std::string finish() noexcept;

private:
    ChildProcess(pid_t pid, int pidfd, int output, int error)
        : pid_(pid), pidfd_(pidfd), output_(output), error_(error) {}

    pid_t pid_ = -1; ///< -1: reaped
    int pidfd_ = -1;
    int output_ = -1;
    int error_ = -1;
};

} // namespace plimsoll::kube
