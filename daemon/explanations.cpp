// SPDX-License-Identifier: Apache-2.0
#include "daemon/explanations.hpp"

#include <algorithm>
#include <ranges>

namespace plimsoll {
namespace {

/// A preview that never ends sees new pods for as long as it lasts.
constexpr std::size_t kMostNotTaken = 4096; // pods

bool actsOrRecovers(const RuleStatus& rule) {
    return rule.verdict.kind == VerdictKind::avoiding ||
           rule.verdict.kind == VerdictKind::recovering ||
           rule.verdict.kind == VerdictKind::coolingDown;
}

/// A pod's cgroup is made anew under the same name now and then; its uid tells the two apart.
bool samePod(const Step& a, const Step& b) {
    return a.pod && b.pod ? a.pod->uid == b.pod->uid : a.podName == b.podName;
}

/// The plan counts, too: an outcome may be of an earlier one.
bool sameStep(const Step& a, const Step& b) {
    return a.planTick == b.planTick && a.kind == b.kind && a.lever == b.lever && samePod(a, b);
}

/// Null: nothing is known of it yet.
const Outcome* outcomeOf(const Step& step, std::span<const Outcome> outcomes) {
    const auto found = std::ranges::find_if(
        outcomes, [&](const Outcome& outcome) { return sameStep(outcome.step, step); });
    return found == outcomes.end() ? nullptr : &*found;
}

bool changesSomething(const Step& step, std::span<const Outcome> outcomes) {
    if (step.disposition != Disposition::act) {
        return false;
    }
    const Outcome* outcome = outcomeOf(step, outcomes);
    return outcome != nullptr && (outcome->done || outcome->pending);
}

void take(ExplainedStep& explained, const Outcome& outcome) {
    explained.done = outcome.done;
    explained.pending = outcome.pending;
    explained.error = outcome.gone ? "the pod is gone" : outcome.error;
}

Signal signalOf(const RuleStatus& rule) {
    return {.rule = rule.key,
            .metric = rule.rule.metric,
            .series = rule.series,
            .unit = rule.unit,
            .value = rule.value,
            .watermark = rule.rule.watermark,
            .verdict = rule.verdict.text(),
            .gap = rule.gap};
}

ExplainedStep explain(const Step& step, std::span<const Outcome> outcomes) {
    ExplainedStep explained{.step = step};
    const Outcome* outcome = outcomeOf(step, outcomes);
    if (step.disposition == Disposition::act && outcome != nullptr) {
        take(explained, *outcome);
    }
    return explained;
}

Explanation explain(const Decided& decided) {
    Explanation made{.planId = std::string(decided.planId),
                     .tick = decided.plan.tick,
                     .realtimeMicroseconds = decided.realtimeMicroseconds};
    for (const auto& rule : decided.rules | std::views::filter(actsOrRecovers)) {
        made.signals.push_back(signalOf(rule));
    }
    const auto& steps = decided.plan.steps;
    for (const auto& step : steps | std::views::take(Explanation::kMostSteps)) {
        made.steps.push_back(explain(step, decided.outcomes));
    }
    for (const auto& step : steps | std::views::drop(Explanation::kMostSteps)) {
        ++made.stepsOmitted;
        made.notTakenOmitted += step.disposition == Disposition::act ? 0 : 1;
    }
    made.considered = decided.plan.considered;
    made.consideredOmitted = decided.plan.consideredOmitted;
    return made;
}

} // namespace

const Explanation* Explanations::record(const Decided& decided) {
    for (const auto& outcome : decided.outcomes) {
        finish(outcome);
    }
    forgetWhenOver(decided);
    if (!isNews(decided)) {
        return nullptr;
    }
    if (kept_.size() >= kMostExplanations) {
        kept_.pop_front();
    }
    kept_.push_back(explain(decided));
    return &kept_.back();
}

void Explanations::forgetWhenOver(const Decided& decided) {
    if (decided.plan.empty() && std::ranges::none_of(decided.rules, actsOrRecovers)) {
        notTaken_.clear();
    }
}

bool Explanations::isNews(const Decided& decided) {
    bool news = false;
    firsts_.clear();
    for (const auto& step : decided.plan.steps) {
        const bool changes = changesSomething(step, decided.outcomes);
        firsts_.push_back(!changes && remember(step));
        news = news || changes || firsts_.back();
    }
    return news;
}

/// True: this is the first of its kind.
bool Explanations::remember(const Step& step) {
    const NotTaken notTaken{step.kind, step.lever, step.disposition};
    const auto told = notTaken_.find(step.podName);
    if (told != notTaken_.end() &&
        std::ranges::find(told->second, notTaken) != told->second.end()) {
        return false;
    }
    if (notTaken_.size() >= kMostNotTaken) {
        notTaken_.clear();
    }
    notTaken_[step.podName].push_back(notTaken);
    return true;
}

void Explanations::finish(const Outcome& outcome) {
    if (outcome.pending) {
        return;
    }
    for (auto& explanation : kept_ | std::views::reverse) {
        const auto found =
            std::ranges::find_if(explanation.steps, [&](const ExplainedStep& explained) {
                return explained.pending && sameStep(explained.step, outcome.step);
            });
        if (found != explanation.steps.end()) {
            take(*found, outcome);
            return;
        }
    }
}

void Explanations::attach(const Effect& effect) {
    // Ticks count from one again with every new collector: the newest is meant.
    for (auto& explanation : kept_ | std::views::reverse) {
        if (explanation.tick != effect.planTick) {
            continue;
        }
        const auto found =
            std::ranges::find_if(explanation.steps, [&](const ExplainedStep& explained) {
                return explained.step.disposition == Disposition::act &&
                       explained.step.lever == effect.lever &&
                       explained.step.podName == effect.podName;
            });
        if (found != explanation.steps.end()) {
            found->effect = effect;
        }
        return;
    }
}

} // namespace plimsoll
