// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/analyzer.hpp"

#include "daemon/analyzer/join.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/tick_state.hpp"

namespace plimsoll::analyzer {
namespace {

/// Evaluates one rule; true when its verdict is another one than in the last tick.
bool evaluate(const CompiledPolicy& policy, std::size_t index, const Snapshot& snapshot,
              RuleState& state, RuleStatus& status) {
    const auto& rule = policy.rules[index];
    const auto before = status.verdict;
    state.acts = false;
    status.value.reset();
    status.gap.reset();
    status.hit = false;
    status.mayRestore = false;
    if (!rule.valid) {
        status.verdict = {VerdictKind::invalid};
        return status.verdict != before;
    }
    std::optional<bool> hit;
    status.value = valueOf(*rule.metric, snapshot);
    if (status.value) {
        hit = *status.value > rule.rule.watermark;
        status.hit = *hit;
        if (const auto gap = throttleGap(*rule.metric, *status.value, rule.rule.watermark,
                                         policy.settings.excess, snapshot)) {
            status.gap = Gap{ReleaseUnit::millicores, gap->value};
        }
    }
    const auto output = advance(state.machine, hit, snapshot.at, rule.timing, state.holds > 0);
    state.acts = output.acts;
    status.verdict = output.verdict;
    status.mayRestore = output.mayRestore;
    return status.verdict != before;
}

} // namespace

State::State() : data(std::make_unique<Data>()) {}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

void decide(const CompiledPolicy& policy, const Snapshot& snapshot, const Hands& hands, State& state,
            Decision& out) {
    auto& data = *state.data;
    out.plan.tick = snapshot.tick;
    out.plan.steps.clear();
    out.plan.considered.clear();
    out.rulesChanged =
        data.policy.get() != &policy && adopt(data, policy.shared_from_this(), snapshot.tick);
    out.podsChanged = joinPods(data, snapshot);
    joinHeld(data, snapshot, hands.held);
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        if (evaluate(policy, i, snapshot, data.rules[i], data.ruleStatuses[i])) {
            out.rulesChanged = true;
        }
    }
    Tick tick{.policy = policy, .snapshot = snapshot, .data = data, .plan = out.plan};
    plan(tick);
    // Element-wise into what is there: strings of the same length are copied in place.
    out.rules = data.ruleStatuses;
    out.pods = data.podStatuses;
}

} // namespace plimsoll::analyzer
