// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/json_value.hpp"

#include "daemon/collector/custom/text.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace plimsoll::collector {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64; ///< of objects and arrays in one another

/// Discarded: it is no JSON, or too deep.
Json parse(std::string_view text) {
    if (firstBadByte(text)) { // to nlohmann-json a NUL is the end, whatever follows
        return Json(Json::value_t::discarded);
    }
    bool tooDeep = false;
    const auto keep = [&tooDeep](int depth, Json::parse_event_t, Json&) {
        tooDeep = tooDeep || depth > kDeepest;
        return !tooDeep; // what is left out takes no memory
    };
    auto result = Json::parse(text, keep, /*allow_exceptions=*/false);
    return tooDeep ? Json(Json::value_t::discarded) : result;
}

/// "~1" is '/', "~0" is '~'; another tilde is none.
std::optional<std::string> unescaped(std::string_view token) {
    std::string result;
    for (std::size_t at = 0; at < token.size(); ++at) {
        if (token[at] != '~') {
            result += token[at];
            continue;
        }
        ++at;
        if (at == token.size() || (token[at] != '0' && token[at] != '1')) {
            return std::nullopt;
        }
        result += token[at] == '0' ? '~' : '/';
    }
    return result;
}

/// None: a pointer with an escape that there is not.
std::optional<std::vector<std::string>> pathOf(std::string_view where) {
    const bool pointer = where.starts_with('/');
    const char separator = pointer ? '/' : '.';
    if (pointer) {
        where.remove_prefix(1);
    }
    std::vector<std::string> path;
    while (true) {
        const auto end = where.find(separator);
        const std::string_view token = where.substr(0, end);
        auto name = pointer ? unescaped(token) : std::string(token);
        if (!name) {
            return std::nullopt;
        }
        path.push_back(*std::move(name));
        if (end == std::string_view::npos) {
            return path;
        }
        where.remove_prefix(end + 1);
    }
}

/// Null: there is no such member.
const Json* member(const Json& of, const std::string& name) {
    if (of.is_object()) {
        const auto found = of.find(name);
        return found == of.end() ? nullptr : &*found;
    }
    std::size_t index = 0;
    const char* const end = name.data() + name.size();
    const auto [stopped, error] = std::from_chars(name.data(), end, index);
    const bool leadingZero = name.size() > 1 && name.front() == '0';
    if (!of.is_array() || error != std::errc{} || stopped != end || leadingZero ||
        index >= of.size()) {
        return nullptr;
    }
    return &of[index];
}

std::optional<double> numberOf(const Json& value) {
    if (value.is_number()) {
        return value.get<double>();
    }
    if (value.is_string()) {
        return parseDouble(value.get_ref<const std::string&>());
    }
    return std::nullopt;
}

} // namespace

Result<double> numberAt(std::string_view json, std::string_view where) {
    const auto path = pathOf(where);
    if (!path) {
        return fail(0, std::string(where) + " is no JSON pointer: '~' stands only in ~0 and ~1");
    }
    const Json root = parse(json);
    if (root.is_discarded()) {
        return fail(0, "it is no JSON, or deeper than " + std::to_string(kDeepest) + " levels");
    }
    const Json* value = &root;
    for (const std::string& name : *path) {
        value = member(*value, name);
        if (value == nullptr) {
            return fail(0, "there is no " + std::string(where) + " in the JSON");
        }
    }
    const auto number = numberOf(*value);
    if (!number || !std::isfinite(*number)) {
        return fail(0, std::string(where) + " of the JSON is no finite number");
    }
    return *number;
}

} // namespace plimsoll::collector
