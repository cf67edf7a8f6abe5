// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/rule_check.hpp"

#include "daemon/analyzer/selectors.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace plimsoll::analyzer {
namespace {

std::string whyInvalid(const CompiledRule& rule, const CompiledAction* action,
                       bool nameTakenAlready) {
    if (nameTakenAlready) {
        return "another rule of this NodeQOS has the same name; only the first one counts";
    }
    const bool isUnlabelled =
        rule.metric->subject == Subject::node || rule.metric->subject == Subject::policy;
    const std::optional<LabelSelector>& selector = rule.rule.seriesSelector;
    if (isUnlabelled && selector && !matches(*selector, Labels{})) {
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

std::string notLoweredBy(const CompiledRule& rule, std::string_view what,
                         const AvoidanceAction& action) {
    return rule.rule.metric + " is not lowered by " + std::string(what) + " of action " +
           action.name;
}

void checkCpuThrottle(CompiledRule& rule, const AvoidanceAction& action, Limitations& limitations) {
    if (!action.cpuThrottle) {
        return;
    }
    if (!rule.metric->byCpuThrottle) {
        limitations.add(notLoweredBy(rule, "cpuThrottle", action));
    } else if (action.cpuThrottle->stepCpuRatio <= 0) {
        limitations.add("stepCPURatio of action " + action.name +
                        " is 0: a throttle without a step changes nothing");
    } else {
        rule.levers.cpuMax = true;
        rule.cpu = *action.cpuThrottle;
    }
}

void checkMemoryThrottle(CompiledRule& rule, const AvoidanceAction& action,
                         Limitations& limitations) {
    if (!action.memoryThrottle) {
        return;
    }
    const auto& terms = *action.memoryThrottle;
    if (!rule.metric->byMemoryThrottle) {
        limitations.add(notLoweredBy(rule, "memoryThrottle", action));
    } else if (!terms.forceGc && terms.stepMemoryRatio <= 0) {
        limitations.add("memoryThrottle of action " + action.name +
                        " has neither forceGC nor a stepMemoryRatio: it changes nothing");
    } else {
        rule.levers.memoryReclaim = terms.forceGc;
        rule.levers.memoryHigh = terms.stepMemoryRatio > 0;
        rule.memory = terms;
    }
}

void checkEviction(CompiledRule& rule, const AvoidanceAction& action, Limitations& limitations) {
    if (!action.eviction) {
        return;
    }
    if (rule.metric->byEviction) {
        rule.levers.eviction = true;
    } else {
        limitations.add(notLoweredBy(rule, "eviction", action));
    }
}

/// Without a delivery so far it is not wrong yet, but it may be a typing mistake.
void checkCustom(const CompiledRule& rule, Limitations& limitations) {
    if (rule.metric->subject != Subject::custom) {
        return;
    }
    if (const auto near = nearestBuiltinMetric(rule.rule.metric); !near.empty()) {
        limitations.add(rule.rule.metric + " is no built-in metric (" + std::string(near) +
                        " is one): it counts once a probe, a textfile or D-Bus delivers it");
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
    checkCustom(rule, limitations);
    checkCpuThrottle(rule, action->action, limitations);
    checkMemoryThrottle(rule, action->action, limitations);
    checkEviction(rule, action->action, limitations);
    rule.levers.scheduling = action->action.disablesScheduling();
    if ((rule.levers.throttles() || rule.levers.eviction) && !action->allowedSomewhere) {
        limitations.add("no PodQOS allows action " + action->action.name +
                        ": no pod will be touched");
    }
    rule.limitation = limitations.take();
}

} // namespace plimsoll::analyzer
