// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/probe_answer.hpp"

#include "daemon/collector/custom/json_value.hpp"
#include "daemon/collector/custom/text.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace plimsoll::collector {
namespace {

/// Of one answer. A rule looks at one metric; an exporter with more should be asked for less.
constexpr std::size_t kMostSeries = 1'000;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    return begin == std::string_view::npos
               ? std::string_view{}
               : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

/// "application/json; charset=utf-8", "application/problem+json".
bool isJsonType(std::string_view type) {
    const auto bare = trimmed(type.substr(0, type.find(';')));
    return bare == "application/json" || bare.ends_with("+json");
}

/// "text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0".
bool isPrometheusType(std::string_view type) {
    return type.starts_with("application/openmetrics-text") ||
           (type.starts_with("text/plain") && type.find("version=") != std::string_view::npos);
}

Result<ProbeReading> plainNumber(double value, const Expected& expected) {
    if (!std::isfinite(value)) {
        return fail(0, "the number is not finite");
    }
    if (expected.plain.empty()) {
        return fail(0, "a plain number, and no rule names a metric for it");
    }
    ProbeReading reading;
    for (const auto& name : expected.plain) {
        reading.series.push_back({.name = name, .labels = {}, .value = value});
    }
    return reading;
}

Result<ProbeReading> jsonMembers(std::string_view body, const Expected& expected) {
    if (expected.json.empty()) {
        return fail(0, "JSON, and no metric is expected of it");
    }
    const auto json = JsonText::read(body);
    if (!json) {
        return std::unexpected(json.error());
    }
    ProbeReading reading;
    for (const auto& [metric, where] : expected.json) {
        if (const auto value = json->numberAt(where)) {
            reading.series.push_back({.name = metric, .labels = {}, .value = *value});
        } else {
            reading.problem += (reading.problem.empty() ? "" : "; ") + value.error().what;
        }
    }
    if (reading.series.empty()) {
        return fail(0, std::move(reading.problem));
    }
    if (!expected.everyMember) {
        reading.problem.clear();
    }
    return reading;
}

} // namespace

Result<ProbeReading> readAnswer(std::string_view contentType, std::string_view body,
                                const Expected& expected) {
    const auto text = trimmed(body);
    if (text.empty()) {
        return fail(0, "the answer is empty");
    }
    const auto type = lower(trimmed(contentType));
    if (!isPrometheusType(type)) {
        if (const auto number = parseDouble(text)) {
            return plainNumber(*number, expected);
        }
        if (isJsonType(type) || text.front() == '{' || text.front() == '[') {
            return jsonMembers(text, expected);
        }
    }
    auto series = parsePrometheusText(body, kMostSeries);
    if (!series) {
        return std::unexpected(std::move(series).error());
    }
    return ProbeReading{.series = *std::move(series), .problem = {}};
}

} // namespace plimsoll::collector
