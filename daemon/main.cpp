// SPDX-License-Identifier: Apache-2.0
// Options of plimsolld.
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <spdlog/spdlog.h>

int main(int argc, char** argv) {
    CLI::App app{"Watches this Kubernetes node, throttles the pods that policies allow when a "
                 "watermark is exceeded, and puts everything back.",
                 "plimsolld"};
    std::string configFile;
    bool check = false;
    bool configOnly = false;
    bool undo = false;
    bool open = false;
    app.set_version_flag("--version", "plimsolld " PLIMSOLL_VERSION);
    app.add_option("--config", configFile,
                   "read this file only, not /etc/plimsoll/plimsolld.toml and its drop-ins");
    auto* checkFlag = app.add_flag("--check-config", check,
                                   "check configuration and policies, print every remark, and end");
    app.add_flag("--config-only", configOnly, "with --check-config: leave the policies out")
        ->needs(checkFlag);
    auto* undoFlag = app.add_flag("--undo", undo, "put back what an earlier run left, and end");
    undoFlag->excludes(checkFlag);
    app.add_flag("--open-node", open,
                 "where plimsolld has closed this node in the cluster, open it, and end: before a "
                 "removal, with the service stopped")
        ->excludes(checkFlag)
        ->excludes(undoFlag);
    CLI11_PARSE(app, argc, argv);

    plimsoll::log::setup();
    try {
        const auto paths = configFile.empty() ? plimsoll::ConfigPaths::standard()
                                              : plimsoll::ConfigPaths::only(configFile);
        if (check) {
            return plimsoll::checkConfig(paths, configOnly);
        }
        if (open) {
            return plimsoll::openNode(paths);
        }
        return undo ? plimsoll::undoLeftovers(paths) : plimsoll::runDaemon(paths);
    } catch (const std::exception& error) {
        spdlog::critical("cannot start: {}", error.what());
        return EXIT_FAILURE;
    }
}
