// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/value.hpp"

#include "daemon/config/duration.hpp"
#include "daemon/model/suggest.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <fmt/format.h>

namespace plimsoll {

std::string placed(const std::string& file, const toml::source_position& place,
                   std::string_view what) {
    return fmt::format("{}:{}:{}: {}", file, place.line, place.column, what);
}

std::string unknownName(std::string_view what, std::string_view word,
                        const std::vector<std::string_view>& names, std::string_view path) {
    const auto meant = suggestion(word, names);
    return fmt::format("unknown {} \"{}\"{}", what, path,
                       meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant));
}

void Value::error(const std::string& reason) const {
    errors_.push_back(placed(file_, node_.source().begin, key_ + " " + reason));
}

std::optional<std::string> Value::text() const {
    if (!node_.is_string()) {
        error("must be a string in quotes");
        return std::nullopt;
    }
    return node_.as_string()->get();
}

std::optional<std::vector<std::string>> Value::texts() const {
    const auto* list = node_.as_array();
    if (list == nullptr || !(list->empty() || list->is_homogeneous<std::string>())) {
        error("must be a list of strings in quotes");
        return std::nullopt;
    }
    std::vector<std::string> result;
    for (const auto& each : *list) {
        result.push_back(each.as_string()->get());
    }
    return result;
}

std::optional<std::int64_t> Value::integer(std::int64_t low, std::int64_t high) const {
    if (!node_.is_integer() || node_.as_integer()->get() < low ||
        node_.as_integer()->get() > high) {
        error(fmt::format("must be a whole number from {} to {}", low, high));
        return std::nullopt;
    }
    return node_.as_integer()->get();
}

std::optional<double> Value::number(double low, double high) const {
    const auto value = node_.is_number() ? node_.value<double>() : std::nullopt;
    if (!value || !(*value >= low && *value <= high)) { // NaN is in no range
        error(fmt::format("must be a number from {} to {}", low, high));
        return std::nullopt;
    }
    return value;
}

std::optional<std::chrono::milliseconds> Value::duration(std::chrono::milliseconds low,
                                                         std::chrono::milliseconds high,
                                                         std::string_view why) const {
    std::optional<std::chrono::milliseconds> value;
    if (node_.is_string()) {
        value = parseDuration(node_.as_string()->get());
    } else if (node_.is_integer()) {
        // Compared before the conversion, which could overflow.
        const auto seconds = node_.as_integer()->get();
        const auto longest = std::chrono::ceil<std::chrono::seconds>(high).count() + 1;
        value = std::chrono::seconds(std::clamp<std::int64_t>(seconds, -1, longest));
    }
    if (!value || *value < low || *value > high) {
        error(fmt::format("must be a time from {} to {}, such as \"500ms\" or \"1s\", or whole "
                          "seconds{}{}",
                          formatDuration(low), formatDuration(high), why.empty() ? "" : ": ", why));
        return std::nullopt;
    }
    return value;
}

std::optional<std::chrono::seconds> Value::seconds(std::chrono::seconds low,
                                                   std::chrono::seconds high) const {
    const auto value = duration(low, high);
    if (value && *value % std::chrono::seconds(1) != std::chrono::milliseconds(0)) {
        error("must be whole seconds");
        return std::nullopt;
    }
    return value ? std::optional(std::chrono::duration_cast<std::chrono::seconds>(*value))
                 : std::nullopt;
}

std::optional<bool> Value::boolean() const {
    if (!node_.is_boolean()) {
        error("must be true or false");
        return std::nullopt;
    }
    return node_.as_boolean()->get();
}

std::optional<double> Value::positiveNumber() const {
    const auto value = node_.is_number() ? node_.value<double>() : std::nullopt;
    if (!value || !(*value > 0) || !std::isfinite(*value)) {
        error("must be a number above 0");
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> Value::absolutePathOrNone() const {
    const bool none = node_.is_string() && node_.as_string()->get().empty();
    return none ? std::optional(std::string()) : absolutePath();
}

std::optional<std::string> Value::absolutePath() const {
    auto path = text();
    if (!path) {
        return std::nullopt;
    }
    const bool control =
        std::ranges::any_of(*path, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (!path->starts_with('/') || path->size() >= PATH_MAX || control ||
        (*path + "/").find("/../") != std::string::npos) {
        error("must be an absolute path without '..'");
        return std::nullopt;
    }
    while (path->size() > 1 && path->ends_with('/')) {
        path->pop_back();
    }
    return path;
}

std::optional<std::string> Value::oneOf(const std::vector<std::string_view>& words) const {
    auto word = text();
    if (!word || std::ranges::find(words, *word) != words.end()) {
        return word;
    }
    const auto meant = suggestion(*word, words);
    error(fmt::format("must be one of {}{}", fmt::join(words, ", "),
                      meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant)));
    return std::nullopt;
}

} // namespace plimsoll
