// SPDX-License-Identifier: Apache-2.0
#include "daemon/leftovers.hpp"

#include "daemon/executor/executor.hpp"

#include <filesystem>
#include <fstream>
#include <optional>

namespace plimsoll {
namespace {

std::string pathIn(const std::string& runtimeDirectory) {
    return runtimeDirectory + "/layout";
}

/// Two lines: the mount point, and the kubepods cgroup below it.
std::optional<cgroup::Layout> rememberedLayout(const std::string& runtimeDirectory) {
    std::ifstream in(pathIn(runtimeDirectory));
    cgroup::Layout layout;
    if (!std::getline(in, layout.mount) || !std::getline(in, layout.kubepods.value) ||
        !layout.mount.starts_with('/')) {
        return std::nullopt;
    }
    return layout;
}

bool undoBelow(const cgroup::Layout& layout, const std::string& runtimeDirectory,
               const std::string& reason, audit::Sink& audit) {
    bool allDone = true;
    executor::Executor executor(layout, runtimeDirectory);
    for (const auto& outcome : executor.undoLeftovers(reason)) {
        if (!outcome.gone) {
            audit.write(audit::describeLeftover(outcome));
            allDone = allDone && outcome.done;
        }
    }
    return allDone;
}

} // namespace

Result<void> rememberLayout(const std::string& runtimeDirectory, const cgroup::Layout& layout) {
    std::error_code error;
    std::filesystem::create_directories(runtimeDirectory, error);
    const auto fresh = pathIn(runtimeDirectory) + ".new";
    std::ofstream out(fresh, std::ios::trunc);
    out << layout.mount << '\n' << layout.kubepods.value << '\n';
    out.close();
    if (!out) {
        return fail(EIO, "writing " + fresh);
    }
    std::filesystem::rename(fresh, pathIn(runtimeDirectory), error);
    if (error) {
        return fail(error.value(), "writing " + pathIn(runtimeDirectory) + ": " + error.message());
    }
    return {};
}

bool undoLeftovers(const std::string& runtimeDirectory, const cgroup::Layout& today,
                   const std::string& reason, audit::Sink& audit) {
    bool allDone = true;
    const auto before = rememberedLayout(runtimeDirectory);
    if (before && (before->mount != today.mount || before->kubepods != today.kubepods)) {
        allDone = undoBelow(*before, runtimeDirectory, reason, audit);
    }
    return undoBelow(today, runtimeDirectory, reason, audit) && allDone;
}

} // namespace plimsoll
