// SPDX-License-Identifier: Apache-2.0
// What is worth a Kubernetes Event, and its words. Pure.
#pragma once

#include "daemon/model/plan.hpp"
#include "daemon/model/verdict.hpp"
#include "kube/actions/events.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace plimsoll {

kube::EventNote triggeredNote(const RuleStatus& rule);
kube::EventNote restoredNote(const RuleStatus& rule);

/// Pods that were told to be throttled and not yet to be released, and by which levers.
using ThrottledPods = std::map<std::string, std::set<Lever>, std::less<>>;

/// Only where something begins or ends: the first step down of a pod, the last one up, an eviction.
std::optional<kube::EventNote> noteOf(const Outcome& outcome, ThrottledPods& throttled);

/// What the condition interference-identified has to say.
struct Interference {
    bool identified = false;
    std::string reason; ///< one word
    std::string message;
    friend bool operator==(const Interference&, const Interference&) = default;
};
/// The message names the rules, not their values: those change all the time.
Interference interferenceOf(std::span<const RuleStatus> rules);

} // namespace plimsoll
