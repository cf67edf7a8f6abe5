// SPDX-License-Identifier: Apache-2.0
#include "dbus/signals.hpp"

#include "dbus/object_path.hpp"
#include "dbus/step_dict.hpp"

#include <string>

namespace plimsoll::dbus {

namespace {

Dict ruleDetails(const RuleStatus& rule) {
    Dict out;
    out.emplace("Metric", sdbus::Variant{rule.rule.metric});
    out.emplace("Watermark", sdbus::Variant{rule.rule.watermark});
    if (rule.value)
        out.emplace("Value", sdbus::Variant{*rule.value});
    if (!rule.series.empty())
        out.emplace("Series", sdbus::Variant{rule.series});
    if (!rule.unit.empty())
        out.emplace("Unit", sdbus::Variant{rule.unit});
    if (rule.gap) {
        out.emplace("Gap", sdbus::Variant{rule.gap->amount});
        out.emplace("GapUnit", sdbus::Variant{std::string(name(rule.gap->unit))});
    }
    out.emplace("Verdict", sdbus::Variant{rule.verdict.text()});
    out.emplace("ActionName", sdbus::Variant{rule.rule.actionName});
    out.emplace("Strategy", sdbus::Variant{std::string(
                                rule.rule.strategy == Strategy::preview ? "Preview" : "None")});
    return out;
}

Dict stepDetails(const Outcome& outcome) {
    const Step& step = outcome.step;
    Dict out = stepDict(step);
    if (step.pod) {
        out.emplace("Path", sdbus::Variant{sdbus::ObjectPath{podPath(step.pod->uid)}});
        out.emplace("Uid", sdbus::Variant{step.pod->uid.value});
    }
    out.emplace("Writer", sdbus::Variant{outcome.writer});
    out.emplace("ToBaseline", sdbus::Variant{step.toBaseline});
    return out;
}

} // namespace

void emitTriggered(ManagerObject& manager, const RuleStatus& rule) {
    manager.emitRuleTriggered(sdbus::ObjectPath{rulePath(rule.key)}, rule.key.policy, rule.key.rule,
                              ruleDetails(rule));
}

void emitRestored(ManagerObject& manager, const RuleStatus& rule) {
    manager.emitRuleRestored(sdbus::ObjectPath{rulePath(rule.key)}, rule.key.policy, rule.key.rule,
                             ruleDetails(rule));
}

void emitStep(ManagerObject& manager, const Outcome& outcome) {
    const Step& step = outcome.step;
    if (step.disposition != Disposition::act || outcome.gone || outcome.pending)
        return;
    const std::string kind(name(step.kind));
    const std::string cgroup = step.pod ? step.pod->cgroup.path.value : std::string();
    const std::string from = limitText(step.lever, step.from);
    const std::string to = limitText(step.lever, step.to);
    Dict details = stepDetails(outcome);
    if (step.kind == StepKind::reapply)
        manager.emitDrift(step.podName, cgroup, from, kind, details);
    else if (step.kind == StepKind::yield)
        manager.emitDrift(step.podName, cgroup, to, kind, details);
    if (outcome.done) {
        manager.emitStepDone(kind, step.podName, cgroup, from, to, details);
        return;
    }
    details.emplace("From", sdbus::Variant{from});
    details.emplace("To", sdbus::Variant{to});
    manager.emitStepFailed(kind, step.podName, cgroup, outcome.error, details);
}

void emitPolicyChanged(ManagerObject& manager, const Published& state) {
    Dict details;
    details.emplace("Rules", sdbus::Variant{static_cast<std::uint32_t>(state.rules.size())});
    details.emplace("Refusals", sdbus::Variant{static_cast<std::uint32_t>(state.refusals.size())});
    manager.emitPolicyChanged(state.policyGeneration, details);
}

} // namespace plimsoll::dbus
