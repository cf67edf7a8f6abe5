// SPDX-License-Identifier: Apache-2.0
// Did it help? Every step down is judged some seconds later, and what did not help is remembered,
// so that the next candidate or the next lever is tried instead of the same again.
//
// Where it is known how much a step releases, it helped when the pod uses less by a good part of
// that. Where it is not, it helped when the rule's metric came closer to its watermark; otherwise
// the pod is innocent, and the rule lets it go, unless other candidates only took what it gave up:
// work that is conserved has to be taken from all of them.
//
// An eviction is judged once the pod is gone: it helped when the rule's metric came closer to its
// watermark. One that does not go in its time is told.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/units.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::analyzer {

struct Tick;

/// A rule that asked for a step, and what it saw then. Each is told by its own kind.
struct EffectCause {
    RuleKey rule;
    double valueBefore = 0; ///< of its metric
    /// What the other pods that its action may touch used of what the lever lowers.
    double othersBefore = 0;
    bool quantified = false;
};

/// What the steps of one lever on one pod came to, for one rule.
enum class Judgement : std::uint8_t {
    helped,
    taken,    ///< the pod gave back, and others that may be touched took it: their turn is next
    innocent, ///< the metric does not care: the rule lets the pod go
    futile,   ///< the pod gives nothing back: the lever is left as it is
    goneAndHelped,
    goneInVain,
};

/// The steps of one lever on one pod since they were last judged.
struct PendingEffect {
    std::uint64_t inode = 0; ///< of the pod's cgroup
    Lever lever = Lever::cpuMax;
    std::vector<EffectCause> causes; ///< never empty
    std::string podName;
    std::uint64_t planTick = 0;
    MonotonicTime asked;              ///< the first of them
    MonotonicTime since;              ///< nothing can show before that
    std::chrono::seconds patience{0}; ///< eviction: so long after it was asked, the pod stays
    std::chrono::seconds settling{0}; ///< of the slowest metric among the causes'
    Resources expected;
    Resources usageBefore;

    [[nodiscard]] bool isFor(const RuleKey& rule) const;
};

/// Not to be tried again for a while.
struct Futile {
    std::uint64_t inode = 0;
    Lever lever = Lever::cpuMax;
    RuleKey rule; ///< for this one; empty: for every rule
    MonotonicTime until;
};

struct EffectLedger {
    std::vector<PendingEffect> pending;
    std::vector<Futile> futile;

    [[nodiscard]] const PendingEffect* find(std::uint64_t inode, Lever lever) const;
    /// Moving this lever on this pod has not helped the rule lately, or has failed.
    [[nodiscard]] bool isFutile(std::uint64_t inode, Lever lever, const RuleKey& rule) const;
    /// The same, and for this rule alone: it lets the pod go.
    [[nodiscard]] bool isInnocent(std::uint64_t inode, Lever lever, const RuleKey& rule) const;
};

/// Judges what is due, and forgets what is over. At the start of a tick, once the rules are
/// evaluated.
void judgeEffects(Tick& tick, std::vector<Effect>& out);

/// Notes the steps down that are about to be carried out. At the end of a tick.
void noteSteps(Tick& tick);

/// A pod that was asked to go is still there.
bool waitsForEvicted(const Tick& tick);

/// This lever on this pod does no good: for every rule, for so long.
void markFutile(Tick& tick, std::uint64_t inode, Lever lever, std::chrono::seconds time);

/// What the steps of this lever are still expected to release of this pod's memory.
Bytes effectInFlight(const Tick& tick, std::size_t sample, Lever lever);

} // namespace plimsoll::analyzer
