// SPDX-License-Identifier: Apache-2.0
// Why something was done: one record for each decision, kept for those who ask later.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What a rule saw.
struct Signal {
    RuleKey rule;
    std::string metric;
    std::string series;
    std::string unit;
    std::optional<double> value;
    double watermark = 0;
    std::string verdict; ///< "avoiding"
    std::optional<Gap> gap;
};

/// A step and what is known of it by now.
struct ExplainedStep {
    Step step;
    bool done = false;
    bool pending = false;
    std::string error;
    std::optional<Effect> effect; ///< once it is measured
};

struct Explanation {
    std::string planId;
    std::uint64_t tick = 0;
    std::int64_t realtimeMicroseconds = 0; ///< since 1970
    std::vector<Signal> signals;           ///< of the rules that act or recover
    std::vector<ExplainedStep> steps;      ///< the first of the plan
    std::size_t stepsOmitted = 0;          ///< more of them than kMostSteps
    std::size_t notTakenOmitted = 0;       ///< of these, those that only show
    std::vector<Considered> considered;    ///< as in Plan
    std::size_t consideredOmitted = 0;

    static constexpr std::size_t kMostSteps = 64;
};

/// One sentence: "2 steps for rule a/b: cpu_total_usage 6840 above 6000".
std::string summary(const Explanation& explanation);

/// How many are kept.
inline constexpr std::size_t kMostExplanations = 128;

} // namespace plimsoll
