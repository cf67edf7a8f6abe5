// SPDX-License-Identifier: Apache-2.0
#include "kube/api/bounded_json.hpp"

#include <cstddef>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64; ///< of objects and arrays in one another; a Pod has about 15

/// Looked at before parsing. To have nlohmann-json's callback count costs the square of the length:
/// at the end of each object it walks over everything that stands beside it.
bool isTooDeep(std::string_view text) {
    int depth = 0;
    bool inString = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (inString) {
            at += c == '\\' ? 1 : 0; // what is escaped ends no string
            inString = c != '"';
        } else if (c == '"') {
            inString = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kDeepest) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

} // namespace

std::optional<Json> boundedJson(std::string_view text) {
    if (isTooDeep(text)) {
        return std::nullopt;
    }
    auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    return json.is_discarded() ? std::nullopt : std::optional(std::move(json));
}

std::string stringAt(const Json& object, const char* name) {
    const auto found = object.find(name); // the end where it is no object
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& objectAt(const Json& object, const char* name) {
    static const Json kNone = Json::object();
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? *found : kNone;
}

} // namespace plimsoll::kube
