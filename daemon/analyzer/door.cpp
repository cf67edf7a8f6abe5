// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/door.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

using Closure = NodeClosure::State;
using Phase = RuleMachine::Phase;

bool isHeld(const State::Data& data) {
    for (std::size_t i = 0; i < data.rules.size(); ++i) {
        if (holdsDoor(data, i)) {
            return true;
        }
    }
    return false;
}

/// It was ours in the last tick. What somebody did with it meanwhile is a human's decision.
void follow(State::Data& data, const NodeClosure& closure) {
    auto& door = data.door;
    if (door.last == Closure::ours && closure.state != Closure::ours) {
        door.yielded = door.yielded || (!door.opening && isHeld(data));
    }
    door.opening = door.opening && closure.state == Closure::ours && closure.changing;
    door.last = closure.state;
}

/// A rule that is named for the first time and is at rest closed the node in an earlier run.
void readMark(State::Data& data, const NodeClosure& closure, MonotonicTime now) {
    for (std::size_t i = 0; i < data.rules.size(); ++i) {
        const auto& rule = data.policy->rules[i];
        auto& state = data.rules[i];
        const bool isNamed = closure.state == Closure::ours &&
                             std::ranges::find(closure.causes, rule.key) != closure.causes.end();
        if (isNamed && !state.closed && rule.closesNode() && state.machine.phase == Phase::idle) {
            coolDownAgain(state.machine, now);
        }
        state.closed = isNamed;
    }
}

} // namespace

void joinDoor(State::Data& data, const NodeClosure* closure, MonotonicTime now) {
    if (closure != nullptr && closure->state != Closure::unknown) {
        follow(data, *closure);
        readMark(data, *closure, now);
    }
    for (std::size_t i = 0; i < data.rules.size(); ++i) {
        data.rules[i].holds += holdsDoor(data, i) ? 1U : 0U;
    }
}

void forgetDoor(Tick& tick) {
    bool isAnyAwake = false;
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        auto& state = tick.data.rules[i];
        const bool isAwake = state.machine.phase != Phase::idle;
        state.evicts = state.evicts && isAwake;
        isAnyAwake = isAnyAwake || (isAwake && tick.policy.rules[i].closesNode());
    }
    tick.data.door.yielded = tick.data.door.yielded && isAnyAwake;
}

bool holdsDoor(const State::Data& data, std::size_t rule) {
    const auto& state = data.rules[rule];
    return state.closed && data.policy->rules[rule].closesNode() &&
           state.machine.phase != Phase::idle;
}

} // namespace plimsoll::analyzer
