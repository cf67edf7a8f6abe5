// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/reader.hpp"

#include "daemon/config/metric_reader.hpp"
#include "daemon/config/value.hpp"
#include "kube/names.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

template <class T, class U>
void set(T& setting, std::optional<U> value) {
    if (value) {
        setting = static_cast<T>(*std::move(value));
    }
}

void readCgroupRoot(const Value& value, Config& into) {
    if (auto path = value.absolutePathOrNone()) { // none takes back what an earlier file said
        const bool isMount = path->empty() || *path == "/";
        into.cgroupRoot = isMount ? std::nullopt : std::optional(CgroupPath(*std::move(path)));
    }
}

void readNodeName(const Value& value, Config& into) {
    const auto name = value.text();
    if (name && !name->empty() && !kube::isDns1123Subdomain(*name)) {
        value.error("must be the name of the Node object: lower-case letters, digits, '-' and '.'");
        return;
    }
    set(into.nodeName, name);
}

void readCoolDownCap(const Value& value, Config& into) {
    if (const auto seconds = value.integer(1, std::numeric_limits<std::int32_t>::max())) {
        into.coolDownCap = std::chrono::seconds(*seconds);
    }
}

bool isServer(const std::string& url) {
    const auto host = url.find("://");
    return url.starts_with("https://") && url.size() > host + 3 &&
           url.find_first_of("?#@ \t\r\n") == std::string::npos;
}

void readServers(const Value& value, Config& into) {
    auto servers = value.texts();
    if (servers && !std::ranges::all_of(*servers, isServer)) {
        value.error("must be URLs such as \"https://10.0.0.1:6443\"");
        return;
    }
    set(into.clusterServers, std::move(servers));
}

void readTaint(const Value& value, Config& into) {
    const auto text = value.text();
    if (!text) {
        return;
    }
    if (text->empty()) { // takes back what an earlier file said
        into.taint.reset();
        return;
    }
    auto taint = kube::parseTaint(*text);
    if (!taint) {
        value.error(taint.error().what);
        return;
    }
    into.taint = *std::move(taint);
}

/// NodeQOS that probe have a TTL of 60 s, and one failure must not use it up.
constexpr std::string_view kWhyProbes =
    "a probe that fails is asked again after up to four intervals, and values are stale after 60s";

struct Key {
    std::string_view section;
    std::string_view name;
    void (*read)(const Value& value, Config& into);
};

constexpr auto kKeys = std::to_array<Key>({
    {"daemon", "interval",
     [](const Value& v, Config& c) { set(c.interval, v.duration(100ms, 60s)); }},
    {"daemon", "policy_directory",
     [](const Value& v, Config& c) { set(c.policyDirectory, v.absolutePath()); }},
    {"daemon", "runtime_directory",
     [](const Value& v, Config& c) { set(c.runtimeDirectory, v.absolutePath()); }},
    {"daemon", "state_directory",
     [](const Value& v, Config& c) { set(c.stateDirectory, v.absolutePath()); }},
    {"cgroup", "mount", [](const Value& v, Config& c) { set(c.cgroupMount, v.absolutePath()); }},
    {"cgroup", "root", readCgroupRoot},
    {"avoidance", "excess_percent",
     [](const Value& v, Config& c) { set(c.excessPercent, v.number(0, 100)); }},
    {"avoidance", "cool_down_cap_seconds", readCoolDownCap},
    {"avoidance", "max_reapply",
     [](const Value& v, Config& c) { set(c.maxReapply, v.integer(0, 1000)); }},
    {"avoidance", "batch", [](const Value& v, Config& c) { set(c.batch, v.integer(1, 100)); }},
    {"avoidance", "effect_after",
     [](const Value& v, Config& c) { set(c.effectAfter, v.seconds(1s, 5min)); }},
    {"avoidance", "futile_for",
     [](const Value& v, Config& c) { set(c.futileFor, v.seconds(0s, 24h)); }},
    {"eviction", "budget",
     [](const Value& v, Config& c) { set(c.evictionBudget, v.integer(0, 1000)); }},
    {"eviction", "interval",
     [](const Value& v, Config& c) { set(c.evictionInterval, v.seconds(1s, 24h)); }},
    {"cluster", "enabled", [](const Value& v, Config& c) { set(c.clusterEnabled, v.boolean()); }},
    {"cluster", "kubeconfig",
     [](const Value& v, Config& c) { set(c.kubeconfig, v.absolutePathOrNone()); }},
    {"cluster", "servers", readServers},
    {"cluster", "taint", readTaint},
    {"cluster", "events", [](const Value& v, Config& c) { set(c.clusterEvents, v.boolean()); }},
    {"probe", "interval",
     [](const Value& v, Config& c) { set(c.probeInterval, v.duration(1s, 15s, kWhyProbes)); }},
    {"probe", "ca_file",
     [](const Value& v, Config& c) { set(c.probeCaFile, v.absolutePathOrNone()); }},
    {"metrics", "textfile_directory",
     [](const Value& v, Config& c) { set(c.textfileDirectory, v.absolutePath()); }},
    {"log", "level",
     [](const Value& v, Config& c) {
         set(c.logLevel,
             v.oneOf({"debug", "info", "notice", "warning", "err", "crit", "alert", "emerg"}));
     }},
    {"log", "target",
     [](const Value& v,
        Config& c) { set(c.logTarget, v.oneOf({"auto", "journal", "console", "null"})); }},
    {"node", "name", readNodeName},
});
constexpr std::string_view kNode = "node";
constexpr std::string_view kNodeLabels = "labels"; // the one table below a section
constexpr std::string_view kMetric = "metric";     // the one section of tables with names

class Reader {
public:
    Reader(const std::string& file, Config& into, std::vector<std::string>& errors)
        : file_(file), into_(into), errors_(errors) {}

    void readRoot(const toml::table& root) {
        std::vector<std::string_view> sections;
        for (const auto& key : kKeys) {
            if (sections.empty() || sections.back() != key.section) {
                sections.push_back(key.section);
            }
        }
        sections.push_back(kMetric);
        for (const auto& [key, node] : root) {
            if (std::ranges::find(sections, key.str()) == sections.end()) {
                refuse(key, unknownName("section", key.str(), sections, key.str()));
            } else if (!node.is_table()) {
                refuse(key, fmt::format("{0} must be a section: [{0}]", key.str()));
            } else if (key.str() == kMetric) {
                readMetrics(*node.as_table(), file_, into_.metrics, errors_);
            } else {
                readSection(key.str(), *node.as_table());
            }
        }
    }

private:
    void readSection(std::string_view section, const toml::table& table) {
        std::vector<std::string_view> names;
        for (const auto& key : kKeys) {
            if (key.section == section) {
                names.push_back(key.name);
            }
        }
        if (section == kNode) {
            names.push_back(kNodeLabels);
        }
        for (const auto& [key, node] : table) {
            const std::string path = fmt::format("{}.{}", section, key.str());
            if (section == kNode && key.str() == kNodeLabels) {
                readLabels({node, path, file_, errors_});
                continue;
            }
            const auto* known =
                std::ranges::find_if(kKeys, [&, name = key.str()](const Key& entry) {
                    return entry.section == section && entry.name == name;
                });
            if (known == kKeys.end()) {
                refuse(key, unknownName("key", key.str(), names, path));
            } else {
                known->read({node, path, file_, errors_}, into_);
            }
        }
    }

    void readLabels(const Value& labels) {
        const auto* table = labels.node().as_table();
        if (table == nullptr) {
            labels.error("must be a section: [node.labels]");
            return;
        }
        for (const auto& [key, node] : *table) {
            const Value value(node, fmt::format("node.labels.\"{}\"", key.str()), file_, errors_);
            const auto text = value.text();
            if (!kube::isLabelKey(key.str())) {
                value.error("is not the name of a label");
            } else if (text && !kube::isLabelValue(*text)) {
                value.error("must be the value of a label: letters, digits, '-', '_' and '.', at "
                            "most 63");
            } else if (text) {
                into_.nodeLabels[std::string(key.str())] = *text;
            }
        }
    }

    void refuse(const toml::key& key, const std::string& reason) {
        errors_.push_back(placed(file_, key.source().begin, reason));
    }

    const std::string& file_;
    Config& into_;
    std::vector<std::string>& errors_;
};

} // namespace

void readConfig(std::string_view text, const std::string& file, Config& into,
                std::vector<std::string>& errors) {
    try {
        const toml::table root = toml::parse(text, file);
        Reader(file, into, errors).readRoot(root);
    } catch (const toml::parse_error& error) {
        errors.push_back(placed(file, error.source().begin,
                                fmt::format("not valid TOML: {}", error.description())));
    }
}

std::vector<std::string> configKeys() {
    const auto ofMetrics = metricKeys();
    std::vector<std::string> result;
    result.reserve(kKeys.size() + ofMetrics.size());
    for (const auto& key : kKeys) {
        result.push_back(fmt::format("{}.{}", key.section, key.name));
    }
    for (const auto name : ofMetrics) {
        result.push_back(fmt::format("{}.{}", kMetric, name));
    }
    return result;
}

} // namespace plimsoll
