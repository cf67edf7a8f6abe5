// SPDX-License-Identifier: Apache-2.0
// Recorded lists and watches, with the bodies as they were framed.
#pragma once

#include "tests/unit/kube/api/exchanges.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace plimsoll::kube::test {

struct Exchange {
    std::string method;
    std::string path;
    http::Answer answer;             ///< status 0: there was none
    std::vector<std::string> pieces; ///< of the body
    bool clean = false;              ///< it ended as HTTP has it
};

/// `name` is "crs/012-list".
inline Exchange exchange(const std::string& name) {
    const auto all = nlohmann::json::parse(std::ifstream(exchangeFolder() / (name + ".json")));
    const auto& request = all.at("request");
    const auto& response = all.at("response");
    Exchange result{.method = request.at("method"), .path = request.at("path")};
    if (!response.at("status").is_null()) {
        result.answer = answerOf(response);
        result.pieces.push_back(result.answer.body);
    }
    for (const auto& chunk : response.value("chunks", nlohmann::json::array())) {
        result.pieces.push_back(chunk.at("text"));
    }
    const std::string end = response.at("end");
    result.clean = end == "terminating zero chunk" || end == "content-length reached";
    if (response.contains("body_base64")) {
        result.pieces = {"\x1f\x8b\x08"}; // gzip that nobody has decoded begins so
    }
    return result;
}

} // namespace plimsoll::kube::test
