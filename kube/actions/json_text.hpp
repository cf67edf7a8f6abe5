// SPDX-License-Identifier: Apache-2.0
// JSON as it is sent.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace plimsoll::kube {

/// Bytes that are no UTF-8 come out as U+FFFD.
inline std::string jsonText(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace plimsoll::kube
