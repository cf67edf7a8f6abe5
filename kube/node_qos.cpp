// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/series.hpp"
#include "kube/decode.hpp"
#include "kube/names.hpp"

#include <cmath>
#include <map>

namespace plimsoll::kube {
namespace {

/// More ticks than a day has seconds: a rule that waits longer is a typing mistake.
constexpr std::int64_t kLargestThreshold = 100'000;

void decodeProbe(const Field& probe, NodeQos& into) {
    if (!probe.present() || !probe.isMap()) {
        return; // the node's own metrics need no probe
    }
    probe.warnUnknown({"timeoutSeconds", "nodeLocalGet", "httpGet"});
    const Field local = probe.at("nodeLocalGet");
    const Field http = probe.at("httpGet");
    if (local.present() == http.present()) {
        probe.error(local.present() ? "nodeLocalGet and httpGet exclude each other"
                                    : "needs nodeLocalGet or httpGet");
        return;
    }
    local.warnUnknown({"localCacheTTLSeconds"});
    if (const auto ttl =
            local.at("localCacheTTLSeconds").integer(1, std::numeric_limits<std::int32_t>::max())) {
        into.localCacheTtl = std::chrono::seconds(*ttl);
    }
    into.probe = decodeHttpProbe(http, probe.at("timeoutSeconds"));
}

void decodeMetricRule(const Field& metricRule, Rule& into) {
    if (!metricRule.requiredMap("the metric and its watermark")) {
        return;
    }
    metricRule.warnUnknown({"name", "selector", "value"});
    const Field name = metricRule.at("name");
    into.metric = name.requiredText("the name of the metric").value_or("");
    // Whether somebody supplies it is known at run time only: probes and text files may bring any.
    if (!into.metric.empty() && !isMetricName(into.metric)) {
        name.error("must be the name of a metric: letters, digits, '_', ':', '.' and '-', "
                   "beginning with none of the digits, '.' and '-', at most 253");
    }
    into.seriesSelector = decodeLabelSelector(metricRule.at("selector"));
    const Field value = metricRule.at("value");
    if (!value.present()) {
        value.error("is missing: the watermark, greater than 0");
        return;
    }
    const auto watermark = value.quantity();
    if (watermark && !(*watermark > 0)) {
        value.error("must be greater than 0");
    }
    into.watermark = watermark.value_or(0);
}

unsigned decodeThreshold(const Field& field) {
    return static_cast<unsigned>(field.integer(1, kLargestThreshold).value_or(1));
}

/// The documents spell it both ways; Crane's definitions know only restoreThreshold.
unsigned decodeRestoreThreshold(const Field& rule) {
    const Field standard = rule.at("restoreThreshold");
    const Field variant = rule.at("restoredThreshold");
    if (!variant.present()) {
        return decodeThreshold(standard);
    }
    const unsigned value = decodeThreshold(variant);
    if (standard.present() && decodeThreshold(standard) != value) {
        variant.error("contradicts restoreThreshold, which is the standard name of the same field");
        return value;
    }
    variant.warning("the standard name of this field is restoreThreshold; an API server with "
                    "Crane's definitions drops this one and counts 1");
    return value;
}

std::string decodeActionName(const Field& field) {
    auto name = field.requiredText("the metadata.name of an AvoidanceAction");
    if (name && !isDns1123Label(*name)) {
        field.error("must be the name of an AvoidanceAction: " + std::string(kLabelRule));
    }
    return name.value_or("");
}

Strategy decodeStrategy(const Field& field) {
    const auto word = field.text();
    if (!word || *word == "None") {
        return Strategy::none;
    }
    if (*word != "Preview") {
        field.error("must be None or Preview");
    }
    return Strategy::preview;
}

std::string decodeRuleName(const Field& field, std::map<std::string, int>& linesByName) {
    auto name = field.requiredText("the name of the rule");
    if (!name) {
        return {};
    }
    if (!isDns1123Label(*name)) {
        field.error("must be " + std::string(kLabelRule));
    }
    const auto [known, added] = linesByName.emplace(*name, field.line());
    if (!added) {
        field.error("is the name of the rule on line " + std::to_string(known->second) +
                    " already");
    }
    return *std::move(name);
}

Rule decodeRule(const Field& field, std::map<std::string, int>& linesByName) {
    Rule result;
    if (!field.requiredMap("a rule")) {
        return result;
    }
    field.warnUnknown({"name", "metricRule", "avoidanceThreshold", "restoreThreshold",
                       "restoredThreshold", "actionName", "strategy"});
    result.name = decodeRuleName(field.at("name"), linesByName);
    decodeMetricRule(field.at("metricRule"), result);
    result.avoidanceThreshold = decodeThreshold(field.at("avoidanceThreshold"));
    result.restoreThreshold = decodeRestoreThreshold(field);
    result.actionName = decodeActionName(field.at("actionName"));
    result.strategy = decodeStrategy(field.at("strategy"));
    return result;
}

} // namespace

NodeQos decodeNodeQos(const Field& object) {
    NodeQos result;
    const Field spec = object.at("spec");
    if (!spec.requiredMap("the rules")) {
        return result;
    }
    spec.warnUnknown({"selector", "nodeQualityProbe", "rules", "elasticCpuLimit", "memLimit",
                      "memoryCompression", "netLimits"});
    result.nodeSelector = decodeLabelSelector(spec.at("selector"));
    decodeProbe(spec.at("nodeQualityProbe"), result);
    const Field rules = spec.at("rules");
    if (rules.isEmpty()) {
        rules.error("is missing: at least one rule");
    }
    std::map<std::string, int> linesByName;
    for (const auto& item : rules.items()) {
        result.rules.push_back(decodeRule(item, linesByName));
    }
    checkNodeSettings(spec);
    return result;
}

} // namespace plimsoll::kube
