// SPDX-License-Identifier: Apache-2.0
// One run of an exec plugin: bounded in time and output, on the caller's loop.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::kube {

class PluginRun {
public:
    /// Called once, from the loop; may destroy the run. What it gives is the plugin's standard
    /// output. An error says how it ended, with the last line of its standard error.
    using Done = std::function<void(Result<std::string>)>;

    /// `info` is its KUBERNETES_EXEC_INFO. It has no standard input, and is killed with all of its
    /// process group when `timeout` is over.
    static Result<std::unique_ptr<PluginRun>> start(sd_event* event, const ExecPlugin& plugin,
                                                    const std::string& info,
                                                    std::chrono::milliseconds timeout, Done done);
    /// Kills it if it runs; `done` is not called then.
    ~PluginRun();
    PluginRun(const PluginRun&) = delete;
    PluginRun& operator=(const PluginRun&) = delete;

private:
    struct Impl;
    explicit PluginRun(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
