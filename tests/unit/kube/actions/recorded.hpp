// SPDX-License-Identifier: Apache-2.0
// The recorded exchanges of tests/data/apiserver.
#pragma once

#include "kube/http/request.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace plimsoll::kube::test {

inline const std::filesystem::path kRecorded = PLIMSOLL_SOURCE_DIR "/tests/data/apiserver";

struct Exchange {
    std::string method;
    std::string path;
    std::string contentType;
    std::string body; ///< of the request
    http::Answer answer;
};

inline std::string headerOf(const nlohmann::json& headers, std::string_view name) {
    for (const auto& each : headers) {
        const auto line = each.get<std::string>();
        if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
            return line.substr(name.size() + 2);
        }
    }
    return {};
}

/// "eviction/003-wrong-uid"
inline Exchange recorded(const std::string& name) {
    std::ifstream file(kRecorded / (name + ".json"));
    EXPECT_TRUE(file) << name;
    const auto json = nlohmann::json::parse(file);
    const auto& request = json.at("request");
    const auto& response = json.at("response");
    Exchange result{
        .method = request.at("method"),
        .path = request.at("path"),
        .contentType = headerOf(request.at("headers"), "Content-Type"),
        .body = request.at("body").is_string() ? request.at("body") : "",
        .answer = {.status = response.at("status").is_null() ? 0 : response.at("status").get<int>(),
                   .contentType = headerOf(response.at("headers"), "Content-Type"),
                   .body = response.value("body", ""),
                   .retryAfter = std::nullopt}};
    if (const auto after = headerOf(response.at("headers"), "Retry-After"); !after.empty()) {
        result.answer.retryAfter = std::chrono::seconds(std::stoi(after));
    }
    return result;
}

} // namespace plimsoll::kube::test
