// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/prometheus_text.hpp"

#include "daemon/collector/custom/text.hpp"
#include "daemon/model/series.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace plimsoll::collector {
namespace {

constexpr std::string_view kBlanks = " \t";

/// Takes one line to pieces. Each step is empty when it is done, or says what is wrong.
class Line {
public:
    using Fault = std::string_view; ///< empty: none

    explicit Line(std::string_view text) : rest_(text) {}

    Fault read(ParsedSeries& into) {
        skipBlanks();
        const std::string_view name = takeUntil("{ \t");
        if (!isMetricName(name)) {
            return "begins with no name of a metric";
        }
        into.name = name;
        skipBlanks();
        if (const Fault fault = readLabels(into.labels); !fault.empty()) {
            return fault;
        }
        skipBlanks();
        const auto value = parseDouble(takeUntil(kBlanks));
        if (!value) {
            return "has no value that is a number";
        }
        into.value = *value;
        return readTail();
    }

private:
    void skipBlanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    }
    bool take(char expected) {
        if (!rest_.starts_with(expected)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    std::string_view takeUntil(std::string_view ends) {
        const auto taken = rest_.substr(0, rest_.find_first_of(ends));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    Fault readLabels(Labels& into) {
        if (!take('{')) {
            return {};
        }
        skipBlanks();
        while (!take('}')) {
            if (const Fault fault = readLabel(into); !fault.empty()) {
                return fault;
            }
            skipBlanks();
            if (!take(',') && !rest_.starts_with('}')) {
                return "has labels that are not followed by ',' or '}'";
            }
            skipBlanks();
        }
        return {};
    }

    Fault readLabel(Labels& into) {
        const std::string_view label = takeUntil("=} \t");
        skipBlanks();
        if (!isLabelName(label) || !take('=')) {
            return "has a label without a name and '='";
        }
        skipBlanks();
        auto value = readQuoted();
        if (!value) {
            return "has a label whose value is not in quotes, or with another escape than \\\\, "
                   "\\\" and \\n";
        }
        if (label.size() > kLongestLabelName || value->size() > kLongestLabelValue) {
            return "has a label with more than 63 bytes of name or 253 of value";
        }
        if (!into.emplace(label, *std::move(value)).second) {
            return "has a label twice";
        }
        if (into.size() > kMostLabels) {
            return "has more than 16 labels";
        }
        return {};
    }

    std::optional<std::string> readQuoted() {
        if (!take('"')) {
            return std::nullopt;
        }
        std::string result;
        while (!take('"')) {
            result += takeUntil("\\\"");
            if (take('\\')) {
                const auto escaped = takeEscaped();
                if (!escaped) {
                    return std::nullopt;
                }
                result += *escaped;
            } else if (rest_.empty()) {
                return std::nullopt;
            }
        }
        return result;
    }

    std::optional<char> takeEscaped() {
        if (take('n')) {
            return '\n';
        }
        for (const char literal : {'\\', '"'}) {
            if (take(literal)) {
                return literal;
            }
        }
        return std::nullopt;
    }

    /// What may follow a value: a timestamp (milliseconds, OpenMetrics: seconds), an exemplar.
    Fault readTail() {
        skipBlanks();
        if (!rest_.empty() && !rest_.starts_with('#') && !parseDouble(takeUntil(kBlanks))) {
            return "has something behind its value that is no timestamp";
        }
        skipBlanks();
        if (rest_.empty() || rest_.starts_with("# {")) {
            return {};
        }
        return "has something behind its value that is no exemplar";
    }

    std::string_view rest_;
};

std::string_view takeLine(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

bool isCommentOrBlank(std::string_view line) {
    const auto first = line.find_first_not_of(kBlanks);
    return first == std::string_view::npos || line[first] == '#';
}

std::unexpected<Error> failAt(std::size_t line, std::string_view what) {
    return fail(0, "line " + std::to_string(line) + " " + std::string(what));
}

} // namespace

Result<std::vector<ParsedSeries>> parsePrometheusText(std::string_view text,
                                                      std::size_t mostSeries) {
    if (const auto bad = firstBadByte(text)) {
        const auto before = std::ranges::count(text.substr(0, *bad), '\n');
        return failAt(static_cast<std::size_t>(before) + 1, "is not UTF-8");
    }
    std::vector<ParsedSeries> result;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = takeLine(text);
        if (isCommentOrBlank(line)) {
            continue;
        }
        ParsedSeries series;
        if (const auto fault = Line(line).read(series); !fault.empty()) {
            return failAt(number, fault);
        }
        if (!std::isfinite(series.value)) {
            continue;
        }
        if (result.size() == mostSeries) {
            return failAt(number, "is one series more than the " + std::to_string(mostSeries) +
                                      " that are allowed");
        }
        result.push_back(std::move(series));
    }
    return result;
}

} // namespace plimsoll::collector
