// SPDX-License-Identifier: Apache-2.0
// The sentences an operator reads. Composed only when there is something to say.
#pragma once

#include "daemon/analyzer/tick_state.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::analyzer {

struct Pass;

/// Why the API server does not do that now: half a sentence.
std::string_view whyNotEvict(const Tick& tick);
std::string_view whyNotClose(const Tick& tick);

/// "6840", "72.5": at most two decimals, no trailing zeros.
std::string number(double value);
std::string millicores(Millicores rate); ///< "1700m"
std::string bytes(Bytes amount);         ///< "1.5 GiB", "64 KiB"

/// "priority 0, BestEffort, uses 1700m"; eviction and memory levers say the memory, too.
std::string describe(const CandidateFacts& facts, Lever lever);

/// "cpu.max 'max 100000' → '153000 100000'", "reclaim 64 MiB", "evict within 30 s".
std::string brief(const Step& step);

/// "watermark2/cpu-usage: cpu_total_usage 6840 above 6000; lowest in order (priority 0, BestEffort,
/// uses 1700m); expected to release 170m". `index` counts from 0.
std::string whyLowered(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t index, const Step& step);
/// `rule` is one for which the node is not closed yet.
std::string whyClosed(const Tick& tick, std::size_t rule);
std::string whyOpened(const Tick& tick);

/// Why nothing is wanted of a pod, by the rule that could want the most of it (or kNone).
std::string_view whyEnough(const Tick& tick, const Pass& pass, std::size_t rule);

/// `rule` is the one with the least room.
std::string whyRestore(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t index, const Step& step);
std::string whyRelieved(const PodSample& sample);

/// Why a held pod has no cause left.
std::string whyUndo(const Tick& tick, const HeldView& view);

std::string whyReapply(const HeldPod& held, const Limit& found, unsigned maxReapply);
std::string whyContested(const HeldPod& held);
std::string whyYield(const HeldPod& held, const Limit& found);

/// What follows from a judged effect.
std::string whatFollows(const Tick& tick, const Effect& effect, Judgement judgement);

/// Of an evicted pod that had so long.
std::string whyStayed(std::chrono::seconds time);

/// What stands in the way of a rule right now, as a number that two ticks can compare; 0: nothing.
std::size_t troubleOf(const Tick& tick, const CompiledRule& rule, const RuleState& state);
/// The same in words.
std::string whatTroubles(const Tick& tick, const CompiledRule& rule, std::size_t trouble);

} // namespace plimsoll::analyzer
