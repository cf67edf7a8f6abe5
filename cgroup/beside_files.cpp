// SPDX-License-Identifier: Apache-2.0
#include "cgroup/beside_files.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <tuple>

namespace plimsoll::cgroup {
namespace {

constexpr std::string_view kSubtreeControl = "cgroup.subtree_control";

/// In the order in which they are put back. While cpu.idle is 1 the kernel takes no cpu.weight.
constexpr std::array<std::string_view, 17> kFiles = {
    kSubtreeControl,    "cpu.idle",         "cpu.weight",
    "cpu.max",          "cpuset.cpus",      "cpuset.mems",
    "io.weight",        "io.bfq.weight",    "memory.min",
    "memory.low",       "memory.high",      "memory.max",
    "memory.swap.max",  "memory.zswap.max", "memory.zswap.writeback",
    "memory.oom.group", "pids.max",
};

/// Calls visit(part) for each part that is not empty until that returns an error.
template <class Visit>
Result<void> eachPart(std::string_view text, char separator, Visit&& visit) {
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(separator));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        if (part.empty()) {
            continue;
        }
        if (auto done = visit(part); !done) {
            return done;
        }
    }
    return {};
}

bool hasPart(std::string_view text, char separator, std::string_view wanted) {
    bool found = false;
    std::ignore = eachPart(text, separator, [&](std::string_view part) {
        found = found || part == wanted;
        return Result<void>{};
    });
    return found;
}

Result<void> putBackOne(WritePort& port, const OpenGroup& group, const std::string& file,
                        const std::string& content) {
    const auto now = port.read(group, file);
    if (!now) {
        return std::unexpected(now.error());
    }
    if (*now == content) {
        return {};
    }
    if (file == kSubtreeControl) {
        const auto had = trimmed(content);
        return eachPart(had, ' ', [&](std::string_view controller) -> Result<void> {
            return hasPart(trimmed(*now), ' ', controller)
                       ? Result<void>{}
                       : port.write(group, file, "+" + std::string(controller));
        });
    }
    // io.weight has a line for each device; the others have one.
    return eachPart(content, '\n', [&](std::string_view line) -> Result<void> {
        return hasPart(*now, '\n', line) ? Result<void>{}
                                         : port.write(group, file, std::string(line) + "\n");
    });
}

} // namespace

Result<std::vector<SavedFile>> noteBeside(WritePort& port, const OpenGroup& group, Lever lever) {
    std::vector<SavedFile> files;
    for (const auto file : kFiles) {
        if (file == name(lever)) {
            continue;
        }
        auto content = port.read(group, std::string(file));
        if (content) {
            files.push_back({std::string(file), std::move(*content)});
        } else if (!content.error().gone() || port.groupIsGone(group)) {
            return std::unexpected(std::move(content).error());
        } // else: this kernel or this group has no such file
    }
    return files;
}

Result<void> putBackBeside(WritePort& port, const OpenGroup& group,
                           const std::vector<SavedFile>& files) {
    Result<void> first;
    for (const auto& saved : files) {
        auto done =
            saved.content ? putBackOne(port, group, saved.file, *saved.content) : Result<void>{};
        if (!done && first) {
            first = std::move(done);
        }
    }
    return first;
}

} // namespace plimsoll::cgroup
