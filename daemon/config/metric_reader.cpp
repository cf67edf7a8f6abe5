// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/metric_reader.hpp"

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/config/value.hpp"
#include "daemon/model/series.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>

namespace plimsoll {
namespace {

template <class T, class U>
void set(T& setting, std::optional<U> value) {
    if (value) {
        setting = static_cast<T>(*std::move(value));
    }
}

void readUnit(const Value& value, MetricSpec& into) {
    constexpr std::size_t kLongest = 32; // bytes
    const auto unit = value.text();
    if (unit && (unit->size() > kLongest || std::ranges::any_of(*unit, [](char c) {
                     return static_cast<unsigned char>(c) < 0x20;
                 }))) {
        value.error("must be a word to show: one line of at most 32 bytes");
        return;
    }
    set(into.unit, unit);
}

/// No order at all takes back what an earlier file said.
void readOrder(const Value& value, MetricSpec& into) {
    const auto* array = value.node().as_array();
    if (array == nullptr) {
        value.error("must be a list, such as [\"PodQOSClass\", \"CpuUsage\"]");
        return;
    }
    std::vector<SortKey> order;
    for (std::size_t at = 0; at < array->size(); ++at) {
        const Value element = value.below(*array->get(at), fmt::format("[{}]", at));
        const auto word = element.oneOf(sortKeyNames());
        const auto key = word ? sortKeyFromName(*word) : std::nullopt;
        if (key && std::ranges::find(order, *key) != order.end()) {
            element.error("stands in the list already");
        } else if (key) {
            order.push_back(*key);
        }
    }
    into.order = std::move(order);
}

void readJsonPointer(const Value& value, MetricSpec& into) {
    const auto pointer = value.text();
    if (!pointer) {
        return;
    }
    bool good = pointer->empty() || pointer->starts_with('/');
    for (auto tilde = pointer->find('~'); tilde != std::string::npos;
         tilde = pointer->find('~', tilde + 1)) {
        good = good && (pointer->substr(tilde, 2) == "~0" || pointer->substr(tilde, 2) == "~1");
    }
    if (!good) {
        value.error("must be a JSON pointer (RFC 6901), such as \"/queue/length\"");
        return;
    }
    into.jsonPointer = *pointer;
}

void readReleaseUnit(const Value& value, MetricSpec& into) {
    if (const auto word = value.oneOf({name(ReleaseUnit::millicores), name(ReleaseUnit::bytes)})) {
        into.conversion.emplace(into.conversion.value_or(Conversion{})).unit =
            *word == name(ReleaseUnit::bytes) ? ReleaseUnit::bytes : ReleaseUnit::millicores;
    }
}

void readReleasePerUnit(const Value& value, MetricSpec& into) {
    if (const auto perUnit = value.positiveNumber()) {
        into.conversion.emplace(into.conversion.value_or(Conversion{})).perUnit = *perUnit;
    }
}

struct Key {
    std::string_view name;
    void (*read)(const Value& value, MetricSpec& into);
};

constexpr std::string_view kReleaseUnit = "release_unit";
constexpr std::string_view kReleasePerUnit = "release_per_unit";

constexpr auto kKeys = std::to_array<Key>({
    {"unit", readUnit},
    {"action_priority",
     [](const Value& v, MetricSpec& m) { set(m.actionPriority, v.integer(0, 10)); }},
    {"order", readOrder},
    {"throttleable", [](const Value& v, MetricSpec& m) { set(m.throttleable, v.boolean()); }},
    {"evictable", [](const Value& v, MetricSpec& m) { set(m.evictable, v.boolean()); }},
    {kReleaseUnit, readReleaseUnit},
    {kReleasePerUnit, readReleasePerUnit},
    {"throttle_quantified",
     [](const Value& v, MetricSpec& m) { set(m.throttleQuantified, v.boolean()); }},
    {"evict_quantified",
     [](const Value& v, MetricSpec& m) { set(m.evictQuantified, v.boolean()); }},
    {"json_pointer", readJsonPointer},
});

/// Each says nothing without the other, so the file that gives the first must give both.
void checkConversion(const Value& table, bool alreadyThere) {
    const auto& keys = *table.node().as_table();
    for (const auto& [one, other] :
         {std::pair{kReleaseUnit, kReleasePerUnit}, std::pair{kReleasePerUnit, kReleaseUnit}}) {
        if (!alreadyThere && keys.contains(one) && !keys.contains(other)) {
            table.below(*keys.get(one), fmt::format(".{}", one))
                .error(fmt::format("needs {} beside it", other));
        }
    }
}

void readKeys(const Value& table, const std::string& path, const std::string& file,
              MetricSpec& into, std::vector<std::string>& errors) {
    checkConversion(table, into.conversion.has_value());
    for (const auto& [key, node] : *table.node().as_table()) {
        const auto* known = std::ranges::find(kKeys, key.str(), &Key::name);
        if (known == kKeys.end()) {
            errors.push_back(placed(file, key.source().begin,
                                    unknownName("key", key.str(), metricKeys(),
                                                fmt::format("{}.{}", path, key.str()))));
        } else {
            known->read(table.below(node, fmt::format(".{}", key.str())), into);
        }
    }
}

std::string_view faultOf(std::string_view name, const toml::node& node) {
    if (!isMetricName(name)) {
        return "is not the name of a metric: a letter, '_' or ':', then letters, digits and any of "
               "\"_:.-\", at most 253";
    }
    if (analyzer::isBuiltinMetric(name)) {
        return "is a metric of Plimsoll's own, which needs no table";
    }
    if (!node.is_table()) {
        return "must be a section: [metric.\"NAME\"]";
    }
    return {};
}

} // namespace

void readMetrics(const toml::table& tables, const std::string& file, std::vector<MetricSpec>& into,
                 std::vector<std::string>& errors) {
    for (const auto& [key, node] : tables) {
        const std::string path = fmt::format("metric.\"{}\"", key.str());
        if (const auto fault = faultOf(key.str(), node); !fault.empty()) {
            errors.push_back(placed(file, key.source().begin, fmt::format("{} {}", path, fault)));
            continue;
        }
        const auto place = std::ranges::lower_bound(into, key.str(), {}, &MetricSpec::name);
        const bool known = place != into.end() && place->name == key.str();
        MetricSpec spec = known ? *place : MetricSpec{.name = std::string(key.str())};
        const std::size_t before = errors.size();
        readKeys({node, path, file, errors}, path, file, spec, errors);
        if (errors.size() != before) {
            continue;
        }
        if (known) {
            *place = std::move(spec);
        } else {
            into.insert(place, std::move(spec));
        }
    }
}

std::vector<std::string_view> metricKeys() {
    std::vector<std::string_view> names;
    std::ranges::transform(kKeys, std::back_inserter(names), &Key::name);
    return names;
}

} // namespace plimsoll
