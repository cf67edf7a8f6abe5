// SPDX-License-Identifier: Apache-2.0
// The recorded exchanges of a real kube-apiserver: tests/data/apiserver/README.md.
#pragma once

#include "kube/http/request.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

inline std::filesystem::path exchangeFolder() {
    return std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "tests/data/apiserver";
}

/// Empty: there is no such header.
inline std::string headerOf(const nlohmann::json& response, std::string_view name) {
    for (const std::string header : response.at("headers")) {
        if (header.starts_with(std::string(name) + ": ")) {
            return header.substr(name.size() + 2);
        }
    }
    return {};
}

inline nlohmann::json responseOf(const std::filesystem::path& file) {
    return nlohmann::json::parse(std::ifstream(file)).at("response");
}

/// As kube/http hands it over.
inline http::Answer answerOf(const nlohmann::json& response) {
    http::Answer answer{.status = response.at("status").get<int>(),
                        .contentType = headerOf(response, "Content-Type"),
                        .body = response.value("body", std::string())};
    const auto wait = headerOf(response, "Retry-After");
    if (!wait.empty()) {
        answer.retryAfter = std::chrono::seconds{std::stoi(wait)};
    }
    return answer;
}

/// `name` is "eviction/030-pdb-unobserved".
inline http::Answer recorded(const std::string& name) {
    return answerOf(responseOf(exchangeFolder() / (name + ".json")));
}

/// All that were answered with 400 or above, as names.
inline std::vector<std::string> recordedRefusals() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(exchangeFolder())) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        const auto exchange = nlohmann::json::parse(std::ifstream(entry.path()));
        const auto response = exchange.value("response", nlohmann::json::object());
        if (response.contains("status") && response["status"].is_number() &&
            response["status"] >= 400) {
            auto name = entry.path().lexically_relative(exchangeFolder());
            names.push_back(name.replace_extension().string());
        }
    }
    std::ranges::sort(names);
    return names;
}

} // namespace plimsoll::kube
