// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config.hpp"

#include "daemon/config/reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <system_error>
#include <unistd.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileName = "plimsolld.toml";
constexpr std::string_view kDropInDirectory = "plimsolld.toml.d";
constexpr std::size_t kMaxFileBytes = 262'144; // 256 KiB

/// By file name, so that a later directory replaces what an earlier one has under the same name.
std::map<std::string, fs::path> dropIns(const ConfigPaths& paths,
                                        std::vector<std::string>& errors) {
    std::map<std::string, fs::path> result;
    for (const auto& directory : {paths.vendorDirectory, paths.adminDirectory}) {
        const fs::path dropInDirectory = fs::path(directory) / kDropInDirectory;
        std::error_code error;
        for (fs::directory_iterator entry(dropInDirectory, error), end; !error && entry != end;
             entry.increment(error)) {
            const std::string name = entry->path().filename().string();
            if (name.ends_with(".toml") && !name.starts_with('.')) {
                result[name] = entry->path();
            }
        }
        if (error && error != std::errc::no_such_file_or_directory) {
            errors.push_back(
                fmt::format("{}: cannot be read: {}", dropInDirectory.string(), error.message()));
        }
    }
    return result;
}

/// A link to /dev/null hides the file of that name, as systemd has it.
bool isHidden(const fs::path& file) {
    std::error_code error;
    return fs::is_character_file(file, error);
}

std::vector<fs::path> filesToRead(const ConfigPaths& paths, std::vector<std::string>& errors) {
    if (paths.onlyFile) {
        return {*paths.onlyFile};
    }
    std::vector<fs::path> result;
    for (const auto& directory : {paths.vendorDirectory, paths.adminDirectory}) {
        fs::path file = fs::path(directory) / kFileName;
        std::error_code error;
        if (fs::exists(file, error) || error) { // what is there and forbidden is an error below
            result.push_back(std::move(file));
        }
    }
    for (auto& [name, file] : dropIns(paths, errors)) {
        result.push_back(file);
    }
    std::erase_if(result, isHidden);
    return result;
}

void readFile(const fs::path& file, Config& into, std::vector<std::string>& errors) {
    std::error_code error;
    const bool regular = fs::is_regular_file(file, error);
    if (!error && !regular) {
        errors.push_back(fmt::format("{}: is not a regular file", file.string()));
        return;
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text(kMaxFileBytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad() || !stream.is_open()) {
        errors.push_back(
            fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
        return;
    }
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > kMaxFileBytes) {
        errors.push_back(
            fmt::format("{}: is larger than {} KiB", file.string(), kMaxFileBytes / 1024));
        return;
    }
    readConfig(text, file.string(), into, errors);
}

} // namespace

std::string defaultNodeName() {
    std::array<char, HOST_NAME_MAX + 1> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
        return "localhost";
    }
    std::string name = buffer.data();
    std::ranges::transform(name, name.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return name;
}

std::expected<Config, std::vector<std::string>> loadConfig(const ConfigPaths& paths) {
    Config result;
    std::vector<std::string> errors;
    for (const auto& file : filesToRead(paths, errors)) {
        readFile(file, result, errors);
    }
    if (!errors.empty()) {
        return std::unexpected(std::move(errors));
    }
    return result;
}

} // namespace plimsoll
