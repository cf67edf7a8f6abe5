// SPDX-License-Identifier: Apache-2.0
// Entries about steps.
#include "daemon/audit/entry.hpp"
#include "daemon/model/number.hpp"

#include <chrono>
#include <string_view>

namespace plimsoll::audit {
namespace {

Event eventOf(const Outcome& outcome) {
    switch (outcome.step.disposition) {
    case Disposition::preview: return Event::podPreview;
    case Disposition::unavailable: return Event::stepUnavailable;
    case Disposition::act: break;
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
    case StepKind::reclaim: return Event::podReclaimed;
    case StepKind::evict: return Event::podEvicted;
    case StepKind::closeNode: return Event::nodeClosed;
    case StepKind::openNode: return Event::nodeOpened;
    }
    return Event::stepFailed;
}

/// "would throttle", "throttled".
struct Verb {
    std::string_view plain;
    std::string_view past;
};

Verb verbOf(StepKind kind) {
    switch (kind) {
    case StepKind::throttle: return {"throttle", "throttled"};
    case StepKind::restore: return {"raise", "raised"};
    case StepKind::undo: return {"restore", "restored"};
    case StepKind::reapply: return {"apply again to", "applied again to"};
    case StepKind::yield: return {"let go of", "let go of"};
    case StepKind::reclaim: return {"take memory from", "took memory from"};
    case StepKind::evict: return {"evict", "evicted"};
    case StepKind::closeNode: return {"close", "closed"};
    case StepKind::openNode: return {"open", "opened"};
    }
    return {"change", "changed"};
}

std::string phrase(Event event, StepKind kind) {
    const auto verb = verbOf(kind);
    switch (event) {
    case Event::podPreview: return "would " + std::string(verb.plain);
    case Event::stepUnavailable: return "cannot " + std::string(verb.plain);
    case Event::stepFailed: return "could not " + std::string(verb.plain);
    case Event::leftoverUndone: return "put back";
    case Event::podRestored: return "restored";
    default: return std::string(verb.past);
    }
}

std::string podLabel(const Step& step) {
    if (step.lever == Lever::scheduling) {
        return "the node for new pods";
    }
    if (!step.podName.empty()) {
        return step.podName;
    }
    return step.pod ? step.pod->cgroup.path.value : "a pod";
}

/// ": cpu.max 'max 100000' → '180000 100000'"; empty where there are no numbers to tell.
std::string change(const Step& step) {
    if (holds(step.lever)) {
        return ": " + std::string(name(step.lever)) + " '" + formatLimit(step.from) + "' → '" +
               formatLimit(step.to) + "'";
    }
    if (step.kind == StepKind::reclaim) {
        return ": " + formatNumber(step.amount.value) + " bytes";
    }
    if (step.kind == StepKind::evict) {
        return ", with " + std::to_string(step.grace.count()) + " s to end by itself";
    }
    return "";
}

/// The last component of a systemd-managed cgroup is the unit's name.
std::string unitOf(const std::string& cgroup) {
    const std::string_view leaf = std::string_view(cgroup).substr(cgroup.rfind('/') + 1);
    return leaf.ends_with(".slice") || leaf.ends_with(".scope") ? std::string(leaf) : "";
}

void addPodName(Entry& entry, const std::string& podName) {
    const auto slash = podName.find('/');
    if (slash != std::string::npos) {
        entry.fields.emplace_back("NAMESPACE", podName.substr(0, slash));
        entry.fields.emplace_back("POD", podName.substr(slash + 1));
    }
}

void addPod(Entry& entry, const Step& step) {
    addPodName(entry, step.podName);
    if (step.pod) {
        entry.fields.emplace_back("POD_UID", step.pod->uid.value);
        entry.fields.emplace_back("CGROUP", step.pod->cgroup.path.value);
        entry.objectUnit = unitOf(step.pod->cgroup.path.value);
    }
}

void addWorth(Entry& entry, const Step& step) {
    const bool releases = step.kind == StepKind::throttle || step.kind == StepKind::reclaim ||
                          step.kind == StepKind::evict;
    if (releases && releasesCpu(step.lever)) {
        entry.fields.emplace_back("RELEASED", formatNumber(step.expected.cpu.value));
        entry.fields.emplace_back("USAGE", formatNumber(step.usage.cpu.value));
    }
    if (releases && releasesMemory(step.lever)) {
        entry.fields.emplace_back("RELEASED_MEMORY", formatNumber(step.expected.memory.value));
        entry.fields.emplace_back("USAGE_MEMORY", formatNumber(step.usage.memory.value));
    }
}

void addChange(Entry& entry, const Step& step) {
    entry.fields.emplace_back("KNOB", std::string(name(step.lever)));
    if (holds(step.lever)) {
        entry.fields.emplace_back("FROM", formatLimit(step.from));
        entry.fields.emplace_back("TO", formatLimit(step.to));
    }
    if (step.kind == StepKind::reclaim) {
        entry.fields.emplace_back("AMOUNT", formatNumber(step.amount.value));
    }
    if (step.kind == StepKind::evict) {
        entry.fields.emplace_back("GRACE", std::to_string(step.grace.count()));
    }
}

Entry fromStep(Event event, const Outcome& outcome) {
    const Step& step = outcome.step;
    Entry entry{.event = event, .priority = info(event).priority};
    entry.message = phrase(event, step.kind) + " " + podLabel(step) + change(step);
    if (!step.reason.empty()) {
        entry.message += " (" + step.reason + ")";
    }
    if (!outcome.error.empty()) {
        entry.message += ": " + outcome.error;
    }
    addPod(entry, step);
    entry.fields.emplace_back("STEP", std::string(name(step.kind)));
    addChange(entry, step);
    addWorth(entry, step);
    for (const auto& rule : step.causes) {
        entry.fields.emplace_back("RULE", rule.text());
    }
    entry.fields.emplace_back("REASON", step.reason);
    entry.fields.emplace_back("WRITER", outcome.writer);
    entry.fields.emplace_back("ERROR", outcome.error);
    entry.fields.emplace_back("ACTOR", "auto");
    return entry;
}

/// "200 of 250 millicores", as far as the lever is about that.
std::string measuredText(const Effect& effect) {
    std::string text;
    if (releasesCpu(effect.lever)) {
        text = formatNumber(effect.measured.cpu.value) + " of " +
               formatNumber(effect.expected.cpu.value) + " millicores";
    }
    if (releasesMemory(effect.lever)) {
        text += (text.empty() ? "" : ", ") + formatNumber(effect.measured.memory.value) + " of " +
                formatNumber(effect.expected.memory.value) + " bytes";
    }
    return text;
}

std::string headline(const Effect& effect) {
    if (effect.stayed) {
        return effect.podName + " was evicted and is still there";
    }
    return std::string(name(effect.lever)) + " of " + effect.podName +
           (effect.helped ? " helped: " : " did not help: ") + measuredText(effect) + " came back";
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

Entry describe(const Effect& effect, const std::string& planId) {
    const auto event = effect.stayed ? Event::podNotGone : Event::effectMeasured;
    const bool isNews = !effect.helped && !effect.stayed;
    Entry entry{.event = event, .priority = isNews ? LOG_NOTICE : info(event).priority};
    entry.message = headline(effect);
    if (!effect.verdict.empty()) {
        entry.message += " (" + effect.verdict + ")";
    }
    addPodName(entry, effect.podName);
    entry.fields.emplace_back("KNOB", std::string(name(effect.lever)));
    entry.fields.emplace_back("RULE", effect.rule.text());
    if (releasesCpu(effect.lever)) {
        entry.fields.emplace_back("RELEASED", formatNumber(effect.expected.cpu.value));
        entry.fields.emplace_back("MEASURED", formatNumber(effect.measured.cpu.value));
    }
    if (releasesMemory(effect.lever)) {
        entry.fields.emplace_back("RELEASED_MEMORY", formatNumber(effect.expected.memory.value));
        entry.fields.emplace_back("MEASURED_MEMORY", formatNumber(effect.measured.memory.value));
    }
    entry.fields.emplace_back("VALUE_BEFORE", formatNumber(effect.before));
    entry.fields.emplace_back("VALUE", formatNumber(effect.after));
    entry.fields.emplace_back("HELPED", effect.helped ? "yes" : "no");
    entry.fields.emplace_back("REASON", effect.verdict);
    entry.fields.emplace_back("PLAN_ID", planId);
    return entry;
}

} // namespace plimsoll::audit
