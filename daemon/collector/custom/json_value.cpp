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
#include <utility>
#include <vector>

namespace plimsoll::collector {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64; ///< of objects and arrays in one another

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

struct JsonText::Root {
    Json value;
};

JsonText::JsonText(std::unique_ptr<const Root> root) : root_(std::move(root)) {}
JsonText::~JsonText() = default;
JsonText::JsonText(JsonText&&) noexcept = default;
JsonText& JsonText::operator=(JsonText&&) noexcept = default;

Result<JsonText> JsonText::read(std::string_view text) {
    // To nlohmann-json a NUL is the end, whatever follows: it is one of the bad bytes.
    const bool bad = firstBadByte(text) || isTooDeep(text);
    auto root = bad ? Json(Json::value_t::discarded)
                    : Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (root.is_discarded()) {
        return fail(0, "it is no JSON, or deeper than " + std::to_string(kDeepest) + " levels");
    }
    return JsonText(std::make_unique<const Root>(std::move(root)));
}

Result<double> JsonText::numberAt(std::string_view where) const {
    const auto path = pathOf(where);
    if (!path) {
        return fail(0, std::string(where) + " is no JSON pointer: '~' stands only in ~0 and ~1");
    }
    const Json* value = &root_->value;
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
