// SPDX-License-Identifier: Apache-2.0
// The README's table of metrics names every built-in metric, and nothing that is none.
#include "daemon/analyzer/metric_table.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <set>

namespace plimsoll::analyzer {
namespace {

std::string metricsSection() {
    std::ifstream file(PLIMSOLL_README);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto begin = text.find("### Metrics");
    const auto end = text.find("#### Custom metrics");
    return begin == std::string::npos || end == std::string::npos ? std::string()
                                                                  : text.substr(begin, end - begin);
}

std::set<std::string> namesIn(const std::string& text) {
    static const std::regex kName("`([a-z0-9]+_[a-z0-9_]+)`");
    std::set<std::string> names;
    for (std::sregex_iterator each(text.begin(), text.end(), kName), end; each != end; ++each) {
        names.insert((*each)[1].str());
    }
    return names;
}

/// Averages and the pods' pressure stand in the table as one row each.
std::string asInTable(std::string name) {
    const std::regex family("^(pod_)?((?:cpu|memory|io)_pressure_(?:some|full))(_avg(?:10|60))?$");
    return std::regex_replace(name, family, "$2");
}

TEST(Readme, names_every_metric) {
    const auto names = namesIn(metricsSection());
    for (const auto& metric : builtinMetrics()) {
        EXPECT_TRUE(names.contains(asInTable(metric.name))) << metric.name;
    }
    for (const auto& alias : metricAliases()) {
        EXPECT_TRUE(names.contains(std::string(alias.alias))) << alias.alias;
    }
}

TEST(Readme, names_no_metric_that_is_none) {
    static const std::set<std::string> kOthers{"excess_percent", "effect_after", "futile_for",
                                               "qos_class"};
    for (const auto& name : namesIn(metricsSection())) {
        EXPECT_TRUE(kOthers.contains(name) || findBuiltinMetric(name) != nullptr) << name;
    }
}

} // namespace
} // namespace plimsoll::analyzer
