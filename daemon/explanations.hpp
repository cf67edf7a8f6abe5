// SPDX-License-Identifier: Apache-2.0
// Keeps why things were done: a plan and what became of it → an Explanation; later what was
// measured.
//
// Pure: no I/O, no clock, no log.
#pragma once

#include "daemon/model/explanation.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/verdict.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One tick, as its decision sees it.
struct Decided {
    std::string_view planId;
    std::int64_t realtimeMicroseconds = 0; ///< since 1970
    std::span<const RuleStatus> rules;
    const Plan& plan;
    std::span<const Outcome> outcomes; ///< of the steps that act; also late ones of earlier plans
};

class Explanations {
public:
    /// `kept` is borrowed: oldest first, at most kMostExplanations.
    explicit Explanations(std::deque<Explanation>& kept) : kept_(kept) {}

    /// To be called every tick, also with an empty plan. Recorded is a decision that changes
    /// something, and one in which a step that was not taken (preview, unavailable, failed) is the
    /// first of its kind since some rule acts: a rule that would do the same every second must not
    /// push out what was done. Null: nothing is recorded; then nothing is allocated either. The
    /// pointer holds until the next call.
    const Explanation* record(const Decided& decided);

    /// By step of the plan recorded last: not taken, and the first of its kind since some rule
    /// acts.
    [[nodiscard]] const std::vector<bool>& firsts() const { return firsts_; }

    /// What became of a step that was pending.
    void finish(const Outcome& outcome);

    /// What was measured of a step.
    void attach(const Effect& effect);

private:
    /// A step that was not taken, for comparing it with those of the next tick.
    struct NotTaken {
        StepKind kind;
        Lever lever;
        Disposition disposition;
        friend bool operator==(const NotTaken&, const NotTaken&) = default;
    };
    void forgetWhenOver(const Decided& decided);
    bool isNews(const Decided& decided);
    bool remember(const Step& step);

    std::deque<Explanation>& kept_;
    std::vector<bool> firsts_; ///< by step, of the plan at hand
    /// Told already, since some rule acts; by the name of the pod.
    std::map<std::string, std::vector<NotTaken>, std::less<>> notTaken_;
};

} // namespace plimsoll
