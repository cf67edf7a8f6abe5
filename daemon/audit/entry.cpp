// SPDX-License-Identifier: Apache-2.0
#include "daemon/audit/entry.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace plimsoll::audit {
namespace {

/// Enough digits for a person, none too many: "6840", "72.5".
std::string number(double value) {
    std::array<char, 64> buffer{};
    const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                             std::chars_format::fixed, 1);
    if (status != std::errc{}) {
        return "?";
    }
    std::string text(buffer.data(), end);
    if (text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    return text;
}

Event eventOf(const Outcome& outcome) {
    if (outcome.step.disposition == Disposition::preview) {
        return Event::podPreview;
    }
    if (!outcome.done) {
        return Event::stepFailed;
    }
    switch (outcome.step.kind) {
    case StepKind::throttle: return Event::podThrottled;
    case StepKind::restore:
        return outcome.step.toBaseline ? Event::podRestored : Event::podRestoreStep;
    case StepKind::undo: return Event::podRestored;
    case StepKind::reapply: return Event::driftReapplied;
    case StepKind::yield: return Event::podYielded;
    default: break;
    }
    return Event::stepFailed;
}

std::string_view verb(Event event) {
    switch (event) {
    case Event::podPreview: return "would throttle";
    case Event::podThrottled: return "throttled";
    case Event::podRestoreStep: return "raised";
    case Event::podRestored: return "restored";
    case Event::driftReapplied: return "applied again to";
    case Event::podYielded: return "let go of";
    case Event::leftoverUndone: return "put back";
    default: return "could not change";
    }
}

/// The last component of a systemd-managed cgroup is the unit's name.
std::string unitOf(const std::string& cgroup) {
    const std::string_view leaf = std::string_view(cgroup).substr(cgroup.rfind('/') + 1);
    return leaf.ends_with(".slice") || leaf.ends_with(".scope") ? std::string(leaf) : "";
}

void addPod(Entry& entry, const Step& step) {
    const auto slash = step.podName.find('/');
    if (slash != std::string::npos) {
        entry.fields.emplace_back("NAMESPACE", step.podName.substr(0, slash));
        entry.fields.emplace_back("POD", step.podName.substr(slash + 1));
    }
    if (step.pod) {
        entry.fields.emplace_back("POD_UID", step.pod->uid.value);
        entry.fields.emplace_back("CGROUP", step.pod->cgroup.path.value);
        entry.objectUnit = unitOf(step.pod->cgroup.path.value);
    }
}

std::string podLabel(const Step& step) {
    if (!step.podName.empty()) {
        return step.podName;
    }
    return step.pod ? step.pod->cgroup.path.value : "a pod";
}

Entry fromStep(Event event, const Outcome& outcome) {
    const Step& step = outcome.step;
    Entry entry{.event = event, .priority = info(event).priority};
    const auto from = formatLimit(step.from);
    const auto to = formatLimit(step.to);
    entry.message =
        std::string(verb(event)) + " " + podLabel(step) + ": cpu.max '" + from + "' → '" + to + "'";
    if (!step.reason.empty()) {
        entry.message += " (" + step.reason + ")";
    }
    if (!outcome.error.empty()) {
        entry.message += ": " + outcome.error;
    }
    addPod(entry, step);
    entry.fields.emplace_back("STEP", std::string(name(step.kind)));
    entry.fields.emplace_back("KNOB", "cpu.max");
    entry.fields.emplace_back("FROM", from);
    entry.fields.emplace_back("TO", to);
    if (step.kind == StepKind::throttle) {
        entry.fields.emplace_back("RELEASED", number(step.expected.cpu.value));
        entry.fields.emplace_back("USAGE", number(step.usage.cpu.value));
    }
    for (const auto& rule : step.causes) {
        entry.fields.emplace_back("RULE", rule.text());
    }
    entry.fields.emplace_back("REASON", step.reason);
    entry.fields.emplace_back("WRITER", outcome.writer);
    entry.fields.emplace_back("ERROR", outcome.error);
    entry.fields.emplace_back("ACTOR", "auto");
    return entry;
}

} // namespace

Entry describe(const Outcome& outcome, const std::string& planId) {
    auto entry = fromStep(eventOf(outcome), outcome);
    entry.fields.emplace_back("PLAN_ID", planId);
    return entry;
}

Entry describeLeftover(const Outcome& outcome) {
    return fromStep(outcome.done ? Event::leftoverUndone : Event::stepFailed, outcome);
}

Entry describe(Event event, const RuleStatus& rule, const std::string& planId) {
    Entry entry{.event = event, .priority = info(event).priority};
    const std::string who = "rule " + rule.key.text();
    const std::string numbers = rule.rule.metric + " " +
                                (rule.value ? number(*rule.value) : "unknown") + ", watermark " +
                                number(rule.rule.watermark);
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
    case Event::ruleUnknown:
        entry.message = who + " waits: " + rule.rule.metric + " has no value; nothing is decided";
        break;
    case Event::ruleKnown: entry.message = who + " has a value again: " + numbers; break;
    default: entry.message = who + " can never act: " + rule.limitation; break;
    }
    if (!rule.limitation.empty() && event != Event::ruleInvalid) {
        entry.message += "; " + rule.limitation;
    }
    entry.fields = {{"RULE", rule.key.text()},
                    {"NODE_QOS", rule.key.policy},
                    {"ACTION", rule.rule.actionName},
                    {"STRATEGY", rule.rule.strategy == Strategy::preview ? "Preview" : "None"},
                    {"METRIC", rule.rule.metric},
                    {"VALUE", rule.value ? number(*rule.value) : ""},
                    {"WATERMARK", number(rule.rule.watermark)},
                    {"VERDICT", rule.verdict.text()},
                    {"GAP", rule.gap ? number(rule.gap->amount) : ""},
                    {"REASON", rule.limitation},
                    {"PLAN_ID", planId}};
    return entry;
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
