// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/rule_check.hpp"

#include "daemon/analyzer/selectors.hpp"

#include <cmath>
#include <string_view>

namespace plimsoll::analyzer {
namespace {

std::string whyInvalid(const CompiledRule& rule, const CompiledAction* action,
                       bool nameTakenAlready) {
    if (nameTakenAlready) {
        return "another rule of this NodeQOS has the same name; only the first one counts";
    }
    if (rule.metric == nullptr) {
        return "there is no metric " + rule.rule.metric + "; known are " + knownMetrics();
    }
    // Metrics of the node are one series without labels.
    if (rule.rule.seriesSelector && !matches(*rule.rule.seriesSelector, Labels{})) {
        return rule.rule.metric + " has no labels: the rule's selector matches nothing";
    }
    if (!std::isfinite(rule.rule.watermark)) {
        return "the watermark is not a number";
    }
    if (action == nullptr) {
        return "there is no AvoidanceAction " + rule.rule.actionName;
    }
    return {};
}

class Limitations {
public:
    void add(std::string_view text) {
        text_ += text_.empty() ? "" : "; ";
        text_ += text;
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void checkThrottle(CompiledRule& rule, const CompiledAction& action, Limitations& limitations) {
    const auto& name = action.action.name;
    const auto& terms = *action.action.cpuThrottle;
    if (!rule.metric->throttleable) {
        limitations.add(rule.rule.metric + " cannot be lowered by cpuThrottle of action " + name);
        return;
    }
    if (terms.stepCpuRatio <= 0) {
        limitations.add("stepCPURatio of action " + name +
                        " is 0: a throttle without a step changes nothing");
        return;
    }
    rule.throttles = true;
    rule.terms = terms;
    if (!action.allowedSomewhere) {
        limitations.add("no PodQOS allows action " + name + ": no pod will be touched");
    }
}

} // namespace

void checkRule(CompiledRule& rule, const CompiledAction* action, bool nameTakenAlready) {
    rule.limitation = whyInvalid(rule, action, nameTakenAlready);
    rule.valid = rule.limitation.empty();
    if (!rule.valid) {
        return;
    }
    Limitations limitations;
    if (action->action.cpuThrottle) {
        checkThrottle(rule, *action, limitations);
    }
    if (action->action.memoryThrottle) {
        limitations.add("memoryThrottle.forceGC is not carried out by this version");
    }
    if (action->action.eviction) {
        limitations.add("eviction needs a cluster connection, which this version does not have: "
                        "no pod will be evicted");
    }
    if (action->action.disablesScheduling()) {
        limitations.add("disabling scheduling needs a cluster connection, which this version does "
                        "not have: the node stays open for new pods");
    }
    rule.limitation = limitations.take();
}

} // namespace plimsoll::analyzer
