// SPDX-License-Identifier: Apache-2.0
// Entries about rules, decisions, sources and policy objects.
#include "daemon/audit/entry.hpp"

#include "daemon/model/number.hpp"

#include <string_view>

namespace plimsoll::audit {
namespace {

/// What one entry says of its candidates at most: journald takes more, readers do not.
constexpr std::size_t kMostCandidateBytes = 4096;

std::string_view strategyName(Strategy strategy) {
    return strategy == Strategy::preview ? "Preview" : "None";
}

/// "cpu_total_usage", "disk_utilization of sda".
std::string metricOf(const RuleStatus& rule) {
    return rule.series.empty() ? rule.rule.metric : rule.rule.metric + " of " + rule.series;
}

std::vector<std::pair<std::string, std::string>> ruleFields(const RuleStatus& rule,
                                                            const std::string& planId) {
    return {{"RULE", rule.key.text()},
            {"NODE_QOS", rule.key.policy},
            {"ACTION", rule.rule.actionName},
            {"STRATEGY", std::string(strategyName(rule.rule.strategy))},
            {"METRIC", rule.rule.metric},
            {"SERIES", rule.series},
            {"UNIT", rule.unit},
            {"VALUE", rule.value ? formatNumber(*rule.value) : ""},
            {"WATERMARK", formatNumber(rule.rule.watermark)},
            {"VERDICT", rule.verdict.text()},
            {"GAP", rule.gap ? formatNumber(rule.gap->amount) : ""},
            {"GAP_UNIT", rule.gap ? std::string(name(rule.gap->unit)) : ""},
            {"REASON", rule.limitation.empty() ? rule.trouble : rule.limitation},
            {"PLAN_ID", planId}};
}

std::string unknownText(const RuleStatus& rule, const std::string& who) {
    std::string text = who + " waits: " + metricOf(rule) + " has no value";
    if (!rule.trouble.empty()) {
        text += " (" + rule.trouble + ")";
    }
    return text + "; nothing is decided";
}

std::string candidateText(const Considered& one) {
    std::string text = one.podName + ", " + std::string(name(one.lever));
    for (const auto& part : {one.facts, one.note}) {
        if (!part.empty()) {
            text += ": " + part;
        }
    }
    return text;
}

/// One line for each, in the order in which they would be touched.
std::string candidates(const Explanation& explanation) {
    std::string text;
    std::size_t left = explanation.considered.size() + explanation.consideredOmitted;
    for (const auto& one : explanation.considered) {
        const auto line = candidateText(one);
        if (text.size() + line.size() + 1 > kMostCandidateBytes) {
            break;
        }
        text += (text.empty() ? "" : "\n") + line;
        --left;
    }
    if (left > 0) {
        text += (text.empty() ? "" : "\n") + std::string("and ") + std::to_string(left) + " more";
    }
    return text;
}

Entry aboutSource(Event event, const SourceProblem& problem, std::string_view what) {
    return {.event = event,
            .priority = info(event).priority,
            .message = problem.source + std::string(what) + problem.reason,
            .fields = {{"SOURCE", problem.source}, {"REASON", problem.reason}}};
}

} // namespace

Entry describe(Event event, const RuleStatus& rule, const std::string& planId) {
    Entry entry{.event = event, .priority = info(event).priority};
    const std::string who = "rule " + rule.key.text();
    const std::string numbers = metricOf(rule) + " " +
                                (rule.value ? formatNumber(*rule.value) : "unknown") +
                                ", watermark " + formatNumber(rule.rule.watermark);
    switch (event) {
    case Event::ruleTriggered:
        entry.message = who + " triggered action " + rule.rule.actionName +
                        (rule.rule.strategy == Strategy::preview ? " (preview)" : "") + ": " +
                        numbers;
        break;
    case Event::ruleCoolingDown:
        entry.message = who + " is below its watermark and cools down: " + numbers;
        break;
    case Event::ruleRestored:
        entry.message = who + " restored: all it did is undone; " + numbers;
        break;
    case Event::ruleUnknown: entry.message = unknownText(rule, who); break;
    case Event::ruleKnown: entry.message = who + " has a value again: " + numbers; break;
    default: entry.message = who + " can never act: " + rule.limitation; break;
    }
    if (!rule.limitation.empty() && event != Event::ruleInvalid) {
        entry.message += "; " + rule.limitation;
    }
    entry.fields = ruleFields(rule, planId);
    return entry;
}

Entry describePreview(const RuleStatus& rule, const std::string& planId) {
    const auto& score = rule.preview;
    Entry entry{.event = Event::previewScored,
                .priority = info(Event::previewScored).priority,
                .fields = ruleFields(rule, planId)};
    entry.message = "preview of rule " + rule.key.text() + ": above its watermark for " +
                    formatNumber(score.lastSeconds) + " s; of " + std::to_string(score.episodes) +
                    " times acting would have helped " + std::to_string(score.wouldHelp) +
                    " and been for nothing " + std::to_string(score.onItsOwn);
    entry.fields.emplace_back("SECONDS", formatNumber(score.lastSeconds));
    entry.fields.emplace_back("EPISODES", std::to_string(score.episodes));
    entry.fields.emplace_back("WOULD_HELP", std::to_string(score.wouldHelp));
    entry.fields.emplace_back("ON_ITS_OWN", std::to_string(score.onItsOwn));
    entry.fields.emplace_back("BY_OTHERS", std::to_string(score.byOthers));
    entry.fields.emplace_back("RELEASED", formatNumber(score.lastExpected.cpu.value));
    entry.fields.emplace_back("RELEASED_MEMORY", formatNumber(score.lastExpected.memory.value));
    return entry;
}

Entry describe(const Explanation& explanation) {
    Entry entry{.event = Event::decision,
                .priority = info(Event::decision).priority,
                .message = summary(explanation)};
    for (const auto& signal : explanation.signals) {
        entry.fields.emplace_back("RULE", signal.rule.text());
    }
    entry.fields.emplace_back("STEPS",
                              std::to_string(explanation.steps.size() + explanation.stepsOmitted));
    entry.fields.emplace_back("CANDIDATES", candidates(explanation));
    entry.fields.emplace_back("PLAN_ID", explanation.planId);
    return entry;
}

Entry describeFailed(const SourceProblem& problem) {
    return aboutSource(Event::sourceFailed, problem, " does not deliver: ");
}

Entry describeRecovered(const SourceProblem& problem) {
    return aboutSource(Event::sourceRecovered, problem, " delivers again; it had failed with: ");
}

Entry describeClusterReached(const std::string& server) {
    return {.event = Event::clusterReached,
            .priority = info(Event::clusterReached).priority,
            .message = "the API server " + server + " answers",
            .fields = {{"SERVER", server}}};
}

Entry describeClusterLost(const std::string& server, const std::string& reason) {
    return {.event = Event::clusterLost,
            .priority = info(Event::clusterLost).priority,
            .message = "the API server " + server + " does not answer: " + reason +
                       "; the last known policies and pods are acted on",
            .fields = {{"SERVER", server}, {"REASON", reason}}};
}

Entry describe(const LoadedMirror& mirror) {
    const auto age = std::to_string(mirror.age.count());
    return {.event = Event::mirrorLoaded,
            .priority = info(Event::mirrorLoaded).priority,
            .message = "acting on " + std::to_string(mirror.policies) + " policy objects and " +
                       std::to_string(mirror.pods) + " pods as they were " + age + " s ago, from " +
                       mirror.file + ", until the API server answers",
            .fields = {{"FILE", mirror.file}, {"AGE", age}}};
}

Entry describe(const Refusal& refusal) {
    const bool isError = refusal.severity == Refusal::Severity::error;
    return {.event = Event::objectRefused,
            .priority = isError ? LOG_WARNING : LOG_NOTICE,
            .message = (isError ? "refused: " : "noted: ") + refusal.text(),
            .fields = {{"FILE", refusal.file},
                       {"LINE", refusal.line > 0 ? std::to_string(refusal.line) : ""},
                       {"OBJECT", refusal.object},
                       {"FIELD", refusal.path},
                       {"REASON", refusal.reason}}};
}

} // namespace plimsoll::audit
