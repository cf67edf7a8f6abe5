// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/prometheus_text.hpp"
#include "daemon/collector/custom/text.hpp"
#include "daemon/model/series.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <cmath>
#include <fmt/format.h>
#include <string>

namespace plimsoll::fuzz {
namespace {

constexpr std::size_t kMost = 100;

std::string escaped(const std::string& value) {
    std::string result;
    for (const char c : value) {
        result += c == '\n'               ? std::string("\\n")
                  : c == '\\' || c == '"' ? std::string{'\\', c}
                                          : std::string{c};
    }
    return result;
}

std::string written(const std::vector<collector::ParsedSeries>& series) {
    std::string result;
    for (const auto& [name, labels, value] : series) {
        result += name + "{";
        for (const auto& [label, text] : labels) {
            result += label + "=\"" + escaped(text) + "\",";
        }
        result += fmt::format("}} {}\n", value);
    }
    return result;
}

} // namespace

void fuzzPrometheus(std::string_view text) {
    const auto parsed = collector::parsePrometheusText(text, kMost);
    if (!parsed) {
        require(parsed.error().what.starts_with("line "), "a refusal says the line");
        return;
    }
    require(parsed->size() <= kMost, "no more than allowed");
    for (const auto& [name, labels, value] : *parsed) {
        require(isMetricName(name), "a metric has a name");
        require(std::isfinite(value), "values are finite");
        for (const auto& [label, labelValue] : labels) {
            require(collector::isLabelName(label), "a label has a name");
            require(!collector::firstBadByte(labelValue), "D-Bus takes the value of a label");
        }
    }
    const auto again = collector::parsePrometheusText(written(*parsed), kMost);
    require(again && *again == *parsed, "what is written out is read the same");
}

} // namespace plimsoll::fuzz
