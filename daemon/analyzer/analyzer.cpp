// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/analyzer.hpp"

#include "daemon/analyzer/door.hpp"
#include "daemon/analyzer/join.hpp"
#include "daemon/analyzer/planner.hpp"
#include "daemon/analyzer/reasons.hpp"
#include "daemon/analyzer/tick_state.hpp"

#include <algorithm>

namespace plimsoll::analyzer {
namespace {

/// The metric's value this tick, and what follows from it for the gap.
void measure(const Tick& tick, const CompiledRule& rule, RuleState& state, RuleStatus& status) {
    state.value = valueOf(tick, rule);
    status.value.reset();
    status.gap.reset();
    status.hit = false;
    if (state.value.why == RuleValue::Why::known) {
        state.lastKnown = tick.snapshot.at;
        status.value = state.value.value;
        status.hit = state.value.value > rule.rule.watermark;
        status.gap = gapOf(*rule.metric, state.value.value, rule.rule.watermark,
                           tick.policy.settings.excess, tick.snapshot.node);
    }
    nameSeries(tick, rule, state.value, status.series);
}

/// Says what stands in the way right now; composed only when that is something else than before.
bool updateTrouble(const Tick& tick, const CompiledRule& rule, RuleState& state,
                   RuleStatus& status) {
    const auto is = troubleOf(tick, rule, state);
    state.blockedBy = kNone; // until it is found again
    if (state.troubleIs == is) {
        return false;
    }
    state.troubleIs = is;
    status.trouble = whatTroubles(tick, rule, is);
    return true;
}

/// A reason is compared with the one before, so that what it stands in is composed only once.
void noteWhyNot(State::Data& data, const Hands& hands) {
    const auto note = [&data](std::string& last, std::string_view now) {
        if (last != now) {
            last = now;
            data.otherWhyNot = !data.otherWhyNot;
        }
    };
    note(data.whyNotEvict, hands.whyNotEvict);
    note(data.whyNotClose, hands.whyNotClose);
}

/// Evaluates one rule; true when there is news of it.
bool evaluate(Tick& tick, std::size_t index) {
    const auto& rule = tick.policy.rules[index];
    auto& state = tick.data.rules[index];
    auto& status = tick.data.ruleStatuses[index];
    const auto before = status.verdict;
    state.acts = false;
    status.mayRestore = false;
    if (!rule.valid) {
        status.verdict = {VerdictKind::invalid};
        return status.verdict != before;
    }
    measure(tick, rule, state, status);
    const auto output = advance(state.machine, state.value.above(rule.rule.watermark),
                                tick.snapshot.at, rule.timing, state.holds > 0);
    state.acts = output.acts;
    status.verdict = output.verdict;
    status.mayRestore = output.mayRestore;
    const bool hasTrouble = updateTrouble(tick, rule, state, status);
    return hasTrouble || status.verdict != before;
}

/// What the plan of the first tick of an episode would have released.
void noteExpected(const Tick& tick, const RuleKey& key, PreviewScore& score) {
    score.lastExpected = {};
    for (const auto& step : tick.plan.steps) {
        if (step.disposition == Disposition::preview &&
            std::ranges::find(step.causes, key) != step.causes.end()) {
            score.lastExpected += step.expected;
        }
    }
}

bool somethingIsDone(const Tick& tick) {
    return !tick.data.held.empty() || tick.data.door.last == NodeClosure::State::ours ||
           std::ranges::find(tick.plan.steps, Disposition::act, &Step::disposition) !=
               tick.plan.steps.end();
}

void scorePreviews(Tick& tick, std::vector<std::size_t>& scored) {
    const bool othersAct = somethingIsDone(tick);
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (!tick.policy.rules[i].preview) {
            continue;
        }
        auto& state = tick.data.rules[i];
        auto& status = tick.data.ruleStatuses[i];
        const bool wasOpen = state.episode.open;
        if (follow(state.episode, status.preview,
                   {.verdict = status.verdict,
                    .acts = state.acts,
                    .othersAct = othersAct,
                    .now = tick.snapshot.at},
                   tick.policy.settings.effectAfter)) {
            scored.push_back(i);
        }
        if (state.episode.open && !wasOpen) {
            noteExpected(tick, status.key, status.preview);
        }
    }
}

} // namespace

State::State() : data(std::make_unique<Data>()) {}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

void decide(const CompiledPolicy& policy, const Snapshot& snapshot, const Hands& hands,
            State& state, Decision& out) {
    auto& data = *state.data;
    out.plan.tick = snapshot.tick;
    out.plan.steps.clear();
    out.plan.considered.clear();
    out.plan.consideredOmitted = 0;
    out.effects.clear();
    out.scored.clear();
    out.rulesChanged =
        data.policy.get() != &policy && adopt(data, policy.shared_from_this(), snapshot.tick);
    out.podsChanged = joinPods(data, snapshot);
    joinHeld(data, snapshot, hands.held);
    joinDoor(data, hands.closure, snapshot.at);
    noteWhyNot(data, hands);
    Tick tick{
        .policy = policy, .snapshot = snapshot, .hands = hands, .data = data, .plan = out.plan};
    countInFlight(tick);
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        out.rulesChanged = evaluate(tick, i) || out.rulesChanged;
    }
    judgeEffects(tick, out.effects);
    plan(tick);
    scorePreviews(tick, out.scored);
    // Element-wise into what is there: strings of the same length are copied in place.
    out.rules = data.ruleStatuses;
    out.pods = data.podStatuses;
}

} // namespace plimsoll::analyzer
