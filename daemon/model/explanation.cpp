// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/explanation.hpp"

#include "daemon/model/number.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

/// The rule that the first step is for; without steps the first that acts. Null: its rule is gone.
const Signal* leadOf(const Explanation& explanation) {
    const auto& signals = explanation.signals;
    if (explanation.steps.empty() || explanation.steps[0].step.causes.empty()) {
        return signals.empty() ? nullptr : &signals[0];
    }
    const auto found =
        std::ranges::find(signals, explanation.steps[0].step.causes[0], &Signal::rule);
    return found == signals.end() ? nullptr : &*found;
}

std::string textOf(const Signal& signal) {
    std::string text = signal.metric;
    if (!signal.series.empty()) {
        text += " of " + signal.series;
    }
    if (!signal.value) {
        return text + " unknown";
    }
    return text + ' ' + formatNumber(*signal.value) +
           (*signal.value > signal.watermark ? " above " : " not above ") +
           formatNumber(signal.watermark);
}

} // namespace

std::string summary(const Explanation& explanation) {
    const auto& steps = explanation.steps;
    const auto total = steps.size() + explanation.stepsOmitted;
    std::string text = std::to_string(total) + (total == 1 ? " step" : " steps");
    if (const Signal* lead = leadOf(explanation)) {
        text += " for rule " + lead->rule.text() + ": " + textOf(*lead);
    } else if (!steps.empty()) {
        text += ": " + steps[0].step.reason;
    }
    const auto isNotTaken = [](const ExplainedStep& explained) {
        return explained.step.disposition != Disposition::act;
    };
    const auto notTaken = static_cast<std::size_t>(std::ranges::count_if(steps, isNotTaken)) +
                          explanation.notTakenOmitted;
    if (notTaken > 0) {
        text += "; " + std::to_string(notTaken) + " only shown";
    }
    return text;
}

} // namespace plimsoll
