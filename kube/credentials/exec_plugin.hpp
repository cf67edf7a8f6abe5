// SPDX-License-Identifier: Apache-2.0
// A program that runs beside the loop until it has printed what is wanted of it.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/child_process.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::kube {

/// One run. Its processes are killed when the first one has ended, when it takes too long or prints
/// too much, and when the run is destroyed.
class PluginRun {
public:
    /// Called once, from the loop, never from within start(), with what was printed on standard
    /// output. May destroy the run. An error is what to say after the name of the program, with
    /// the end of what it said on standard error.
    using Done = std::function<void(Result<std::string>)>;

    static Result<std::unique_ptr<PluginRun>> start(sd_event* event, const Program& program,
                                                    std::chrono::milliseconds longest, Done done);
    ~PluginRun();
    PluginRun(const PluginRun&) = delete;
    PluginRun& operator=(const PluginRun&) = delete;

private:
    struct Impl;
    explicit PluginRun(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
