// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::log {
namespace {

struct Level {
    std::string_view name;
    spdlog::level::level_enum value;
};

// The first name of each value is the one that level() gives back.
constexpr std::array kLevels = {
    Level{"debug", spdlog::level::debug},    Level{"info", spdlog::level::info},
    Level{"warning", spdlog::level::warn},   Level{"notice", spdlog::level::info},
    Level{"err", spdlog::level::err},        Level{"crit", spdlog::level::critical},
    Level{"alert", spdlog::level::critical}, Level{"emerg", spdlog::level::critical},
};

std::string& currentTarget() {
    static std::string name = "console";
    return name;
}

/// systemd sets JOURNAL_STREAM to "device:inode" of the journal's stream; it is inherited, so only
/// our own stderr tells (systemd.exec(5)).
std::string automaticTarget() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat info{};
    const bool isJournal =
        stream != nullptr && fstat(STDERR_FILENO, &info) == 0 &&
        std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
    return isJournal ? "journal" : "console";
}

spdlog::sink_ptr makeSink(std::string_view target) {
    if (target == "journal") {
        return std::make_shared<spdlog::sinks::systemd_sink_mt>("plimsolld");
    }
    if (target == "console") {
        return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    }
    if (target == "null") {
        return std::make_shared<spdlog::sinks::null_sink_mt>();
    }
    return nullptr;
}

} // namespace

void setup() {
    auto logger = std::make_shared<spdlog::logger>("plimsolld");
    spdlog::set_default_logger(logger);
    setTarget("auto");
}

bool setLevel(const std::string& level) {
    const auto found = std::ranges::find(kLevels, level, &Level::name);
    if (found == kLevels.end()) {
        return false;
    }
    spdlog::set_level(found->value);
    return true;
}

std::string level() {
    const auto found = std::ranges::find(kLevels, spdlog::get_level(), &Level::value);
    return found == kLevels.end() ? "info" : std::string(found->name);
}

bool setTarget(const std::string& target) {
    const std::string resolved = target == "auto" ? automaticTarget() : target;
    auto sink = makeSink(resolved);
    if (!sink) {
        return false;
    }
    if (resolved == "console") {
        sink->set_pattern("%^%l%$: %v");
    }
    spdlog::default_logger()->sinks() = {std::move(sink)};
    currentTarget() = resolved;
    return true;
}

std::string target() {
    return currentTarget();
}

} // namespace plimsoll::log
