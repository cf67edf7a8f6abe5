// SPDX-License-Identifier: Apache-2.0
// Keeping new pods away from the node, and letting them come again.
#include "daemon/analyzer/door.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

using Closure = NodeClosure::State;
using Phase = RuleMachine::Phase;

Closure closureOf(const Tick& tick) {
    return tick.hands.closure == nullptr ? Closure::unknown : tick.hands.closure->state;
}

bool isChanging(const Tick& tick) {
    return tick.hands.closure != nullptr && tick.hands.closure->changing;
}

/// The last step about the node failed a moment ago.
bool hasFailed(const Tick& tick) {
    return tick.data.effects.isFutile(kNodeInode, Lever::scheduling, RuleKey{});
}

/// Its action is to close the node, or a pod that was evicted for it would come straight back: that
/// is waited for until it has cooled down.
bool wantsClosed(const Tick& tick, std::size_t index) {
    const auto& rule = tick.policy.rules[index];
    const auto& state = tick.data.rules[index];
    const auto& status = tick.data.ruleStatuses[index];
    const bool isAction = rule.levers.scheduling && state.acts;
    const bool isAfterEviction = state.evicts && status.value && !status.mayRestore;
    return rule.closesNode() && (isAction || isAfterEviction);
}

void collectClosing(Tick& tick) {
    auto& closing = tick.data.closing;
    closing.clear();
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        // What cannot be done is shown for the rules whose action it is.
        const bool isShown = tick.hands.canCloseNode || tick.policy.rules[i].levers.scheduling;
        if (isShown && wantsClosed(tick, i)) {
            closing.push_back(i);
        }
    }
}

/// The first rule that wants the node closed and is not named by the mark yet; kNone: none.
std::size_t ruleToAdd(const Tick& tick) {
    const auto& closing = tick.data.closing;
    const auto found = std::ranges::find_if(
        closing, [&tick](std::size_t rule) { return !tick.data.rules[rule].closed; });
    return found == closing.end() ? kNone : *found;
}

/// The rule that a step to close the node is for; kNone: there is nothing to be done.
std::size_t ruleToCloseFor(const Tick& tick) {
    const bool can = tick.hands.canCloseNode;
    if (tick.data.closing.empty() || isChanging(tick) || (can && hasFailed(tick))) {
        return kNone;
    }
    const auto first = tick.data.closing.front();
    switch (closureOf(tick)) {
    case Closure::unknown: return can ? kNone : first;
    case Closure::open: return tick.data.door.yielded ? kNone : first;
    case Closure::ours: return can ? ruleToAdd(tick) : kNone;
    case Closure::foreigns: break;
    }
    return kNone;
}

void addStep(Tick& tick, Step step) {
    step.lever = Lever::scheduling;
    if (step.disposition == Disposition::unavailable) {
        step.reason += "; unavailable: " + std::string(whyNotClose(tick));
    }
    tick.plan.steps.push_back(std::move(step));
}

void close(Tick& tick, std::size_t rule) {
    Step step{.kind = StepKind::closeNode,
              .reason = whyClosed(tick, rule),
              .disposition = tick.hands.canCloseNode ? Disposition::act : Disposition::unavailable};
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (holdsDoor(tick.data, i) ||
            std::ranges::find(tick.data.closing, i) != tick.data.closing.end()) {
            step.causes.push_back(tick.policy.rules[i].key);
        }
    }
    addStep(tick, std::move(step));
}

void previewClosing(Tick& tick, const Pass& pass) {
    collectActing(tick, pass, Lever::scheduling);
    if (tick.data.acting.empty()) {
        return;
    }
    Step step{.kind = StepKind::closeNode,
              .reason = whyClosed(tick, tick.data.acting.front().rule),
              .disposition = Disposition::preview};
    for (const auto& acting : tick.data.acting) {
        step.causes.push_back(tick.policy.rules[acting.rule].key);
    }
    addStep(tick, std::move(step));
}

/// Also one that the mark does not name, because it could not be written: it has not cooled down.
bool keepsClosed(const Tick& tick, std::size_t index) {
    const auto& rule = tick.policy.rules[index];
    const auto& state = tick.data.rules[index];
    const bool isForIt = rule.levers.scheduling || state.evicts || state.closed;
    return rule.closesNode() && isForIt && state.machine.phase != Phase::idle &&
           !tick.data.ruleStatuses[index].mayRestore;
}

bool isKeptClosed(const Tick& tick) {
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (keepsClosed(tick, i)) {
            return true;
        }
    }
    return false;
}

} // namespace

void planCloseNode(Tick& tick, const Pass& pass) {
    if (pass.preview) {
        previewClosing(tick, pass);
        return;
    }
    collectClosing(tick);
    if (const auto rule = ruleToCloseFor(tick); rule != kNone) {
        close(tick, rule);
    }
}

void planOpenNode(Tick& tick) {
    const bool can = tick.hands.canCloseNode;
    if (closureOf(tick) != Closure::ours || isChanging(tick) || isKeptClosed(tick) ||
        (can && hasFailed(tick))) {
        return;
    }
    tick.data.door.opening = can;
    addStep(tick, {.kind = StepKind::openNode,
                   .causes = tick.hands.closure->causes,
                   .reason = whyOpened(tick),
                   .disposition = can ? Disposition::act : Disposition::unavailable});
}

} // namespace plimsoll::analyzer
