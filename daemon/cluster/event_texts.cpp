// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/event_texts.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool isAvoiding(const RuleStatus& rule) {
    return rule.rule.strategy != Strategy::preview &&
           (rule.verdict.kind == VerdictKind::avoiding ||
            rule.verdict.kind == VerdictKind::recovering ||
            rule.verdict.kind == VerdictKind::coolingDown);
}

std::string reading(const RuleStatus& rule) {
    const auto unit = rule.unit.empty() ? "" : " " + rule.unit;
    return rule.value ? fmt::format("{} is {:.6g}{}, watermark {:.6g}{}", rule.rule.metric,
                                    *rule.value, unit, rule.rule.watermark, unit)
                      : fmt::format("{} is unknown", rule.rule.metric);
}

kube::EventNote aboutPod(const Outcome& outcome, bool warning, std::string reason,
                         std::string message) {
    const auto& name = outcome.step.podName;
    const auto slash = name.find('/');
    return {.warning = warning,
            .reason = std::move(reason),
            .message = std::move(message),
            .namespaceName = name.substr(0, slash),
            .podName = name.substr(slash + 1),
            .podUid = outcome.step.pod ? outcome.step.pod->uid.value : ""};
}

std::string because(const Step& step) {
    std::string rules;
    for (const auto& cause : step.causes) {
        rules += (rules.empty() ? "" : ", ") + cause.text();
    }
    return rules.empty() ? "" : " (" + rules + ")";
}

/// True when nothing holds the pod any more that was told to.
bool release(const Step& step, ThrottledPods& throttled) {
    const auto pod = throttled.find(step.podName);
    if (pod == throttled.end() || pod->second.erase(step.lever) == 0 || !pod->second.empty()) {
        return false;
    }
    throttled.erase(pod);
    return true;
}

} // namespace

kube::EventNote triggeredNote(const RuleStatus& rule) {
    return {.warning = true,
            .reason = "AvoidanceTriggered",
            .message = fmt::format("{} triggered action {}: {}", rule.key.text(),
                                   rule.rule.actionName, reading(rule))};
}

kube::EventNote restoredNote(const RuleStatus& rule) {
    return {.reason = "RestoreTriggered",
            .message = fmt::format("{}: everything that action {} did is undone; {}",
                                   rule.key.text(), rule.rule.actionName, reading(rule))};
}

std::optional<kube::EventNote> noteOf(const Outcome& outcome, ThrottledPods& throttled) {
    const auto& step = outcome.step;
    // A cgroup without a Pod object has its path for a name.
    const bool isPod =
        step.pod && step.podName.find('/') != std::string::npos && !step.podName.starts_with('/');
    if (!outcome.done || outcome.pending || step.disposition != Disposition::act || !isPod) {
        return std::nullopt;
    }
    if (step.kind == StepKind::evict) {
        throttled.erase(step.podName);
        return aboutPod(outcome, true, "Evicted",
                        fmt::format("Evicted by Plimsoll with a grace of {} s{}",
                                    step.grace.count(), because(step)));
    }
    if (step.kind == StepKind::throttle) {
        auto& levers = throttled[step.podName];
        const bool isFirst = levers.empty();
        levers.insert(step.lever);
        if (!isFirst) {
            return std::nullopt;
        }
        return aboutPod(outcome, true, "Throttled",
                        fmt::format("{} set from '{}' to '{}' by Plimsoll{}", name(step.lever),
                                    formatLimit(step.from), formatLimit(step.to), because(step)));
    }
    if ((step.toBaseline || step.kind == StepKind::yield) && release(step, throttled)) {
        return aboutPod(outcome, false, "ThrottleReleased",
                        fmt::format("{} is '{}' again", name(step.lever), formatLimit(step.to)));
    }
    return std::nullopt;
}

Interference interferenceOf(std::span<const RuleStatus> rules) {
    std::string names;
    for (const auto& rule : rules) {
        if (isAvoiding(rule)) {
            names += (names.empty() ? "" : ", ") + rule.key.text();
        }
    }
    if (names.empty()) {
        return {.reason = "NoInterference", .message = "No rule acts on this node"};
    }
    return {.identified = true,
            .reason = "WatermarkExceeded",
            .message = "Plimsoll acts on this node for " + names};
}

} // namespace plimsoll
