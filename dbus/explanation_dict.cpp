// SPDX-License-Identifier: Apache-2.0
#include "dbus/explanation_dict.hpp"

#include "dbus/step_dict.hpp"

#include <algorithm>
#include <cstddef>
#include <ranges>

namespace plimsoll::dbus {

namespace {

using Dicts = std::vector<Dict>;

/// Decisions of one pod, and signals of one decision, in one answer. With all bounds reached an
/// answer is a MiB or two of the 32 that a bus takes.
constexpr std::size_t kMostOfAPod = 16;
constexpr std::size_t kMostSignals = 64;

template <class T>
void add(Dict& out, const char* key, const T& value) {
    out.emplace(key, sdbus::Variant{value});
}

std::uint32_t count(std::size_t number) {
    return static_cast<std::uint32_t>(number);
}

Dict signalDict(const Signal& signal) {
    Dict out;
    add(out, "Rule", signal.rule.text());
    add(out, "Metric", signal.metric);
    add(out, "Series", signal.series);
    add(out, "Unit", signal.unit);
    add(out, "Watermark", signal.watermark);
    add(out, "Verdict", signal.verdict);
    if (signal.value)
        add(out, "Value", *signal.value);
    if (signal.gap) {
        add(out, "Gap", signal.gap->amount);
        add(out, "GapUnit", std::string(name(signal.gap->unit)));
    }
    return out;
}

Dict effectDict(const Effect& effect) {
    Dict out;
    add(out, "Helped", effect.helped);
    add(out, "Verdict", effect.verdict);
    if (releasesCpu(effect.lever))
        add(out, "MeasuredRelease", effect.measured.cpu.value);
    if (releasesMemory(effect.lever))
        add(out, "MeasuredMemoryRelease", effect.measured.memory.value);
    add(out, "Before", effect.before);
    add(out, "After", effect.after);
    return out;
}

Dict explainedStepDict(const ExplainedStep& explained) {
    const Step& step = explained.step;
    Dict out = stepDict(step);
    add(out, "Kind", std::string(name(step.kind)));
    add(out, "Pod", step.podName);
    add(out, "Disposition", std::string(name(step.disposition)));
    add(out, "From", limitText(step.lever, step.from));
    add(out, "To", limitText(step.lever, step.to));
    add(out, "Done", explained.done);
    add(out, "Pending", explained.pending);
    add(out, "Error", explained.error);
    if (explained.effect)
        add(out, "Effect", effectDict(*explained.effect));
    return out;
}

Dict consideredDict(const Considered& one) {
    Dict out;
    add(out, "Pod", one.podName);
    add(out, "Lever", std::string(name(one.lever)));
    add(out, "Facts", one.facts);
    add(out, "Note", one.note);
    add(out, "Touched", one.touched);
    return out;
}

template <class Values, class F>
Dicts dicts(const Values& values, std::size_t most, F&& make) {
    Dicts out;
    out.reserve(std::min<std::size_t>(values.size(), most));
    for (const auto& value : values | std::views::take(static_cast<std::ptrdiff_t>(most)))
        out.push_back(make(value));
    return out;
}

Dict explanationDict(const Explanation& explanation) {
    Dict out;
    add(out, "PlanId", explanation.planId);
    add(out, "Tick", explanation.tick);
    add(out, "RealtimeUSec", static_cast<std::uint64_t>(explanation.realtimeMicroseconds));
    add(out, "Summary", summary(explanation));
    add(out, "Signals", dicts(explanation.signals, kMostSignals, signalDict));
    add(out, "Steps", dicts(explanation.steps, Explanation::kMostSteps, explainedStepDict));
    add(out, "StepsOmitted", count(explanation.stepsOmitted));
    add(out, "Considered", dicts(explanation.considered, Plan::kMostConsidered, consideredDict));
    add(out, "ConsideredOmitted", count(explanation.consideredOmitted));
    return out;
}

bool isAbout(const Explanation& explanation, std::string_view podName) {
    return std::ranges::find(explanation.considered, podName, &Considered::podName) !=
               explanation.considered.end() ||
           std::ranges::any_of(explanation.steps, [&](const ExplainedStep& explained) {
               return explained.step.podName == podName;
           });
}

} // namespace

std::optional<Dicts> explain(const std::deque<Explanation>& kept, std::string_view what) {
    if (what.empty())
        return kept.empty() ? Dicts() : Dicts{explanationDict(kept.back())};
    const bool isPod = what.find('/') != std::string_view::npos;
    Dicts out;
    for (const auto& explanation : kept | std::views::reverse) {
        if (isPod ? !isAbout(explanation, what) : explanation.planId != what)
            continue;
        out.push_back(explanationDict(explanation));
        if (!isPod || out.size() == kMostOfAPod)
            break;
    }
    return out.empty() ? std::nullopt : std::optional(std::move(out));
}

std::vector<DecisionRow> listDecisions(const std::deque<Explanation>& kept, std::uint32_t most) {
    const std::size_t wanted = most == 0 ? kept.size() : std::min<std::size_t>(most, kept.size());
    std::vector<DecisionRow> out;
    out.reserve(wanted);
    for (const auto& explanation :
         kept | std::views::reverse | std::views::take(static_cast<std::ptrdiff_t>(wanted)))
        out.emplace_back(
            explanation.planId, static_cast<std::uint64_t>(explanation.realtimeMicroseconds),
            summary(explanation), count(explanation.steps.size() + explanation.stepsOmitted));
    return out;
}

} // namespace plimsoll::dbus
