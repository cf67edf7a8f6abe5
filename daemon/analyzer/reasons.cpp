// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/reasons.hpp"

#include "daemon/analyzer/door.hpp"
#include "daemon/analyzer/planner.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

std::string place(std::size_t index, const char* first) {
    return index == 0 ? first : "number " + std::to_string(index + 1) + " in order";
}

/// "watermark2/cpu-usage: cpu_total_usage 6840"
std::string ruleAndValue(const Tick& tick, std::size_t rule) {
    const auto& status = tick.data.ruleStatuses[rule];
    const auto series = status.series.empty() ? "" : " of " + status.series;
    return status.key.text() + ": " + status.rule.metric + series + " " +
           number(status.value.value_or(std::nan("")));
}

std::string watermark(const Tick& tick, std::size_t rule) {
    return number(tick.data.ruleStatuses[rule].rule.watermark);
}

std::string keys(const std::vector<RuleKey>& causes) {
    std::string text;
    for (const auto& key : causes) {
        text += (text.empty() ? "" : ", ") + key.text();
    }
    return text;
}

std::string knob(const HeldPod& held) {
    return std::string(name(held.lever()));
}

std::string released(const Step& step) {
    if (step.lever == Lever::cpuMax) {
        return millicores(step.expected.cpu);
    }
    if (step.lever != Lever::eviction) {
        return bytes(step.expected.memory);
    }
    return millicores(step.expected.cpu) + " and " + bytes(step.expected.memory);
}

constexpr std::size_t kWhyMask = 0xff;
constexpr std::size_t kCannotEvict = 0x100;
constexpr std::size_t kCannotClose = 0x200;
constexpr std::size_t kCannotOpen = 0x400;
constexpr std::size_t kClosedByOthers = 0x800;
constexpr std::size_t kOpenedByOthers = 0x1000;
constexpr std::size_t kOtherWhyNot = 0x2000; ///< so that another reason is another trouble
constexpr unsigned kBlockedShift = 16;       // above: one more than the index of a rule

constexpr std::string_view kNoCluster = "there is no connection to the API server";

/// What stands in the way of closing the node for this rule, and of opening it.
std::size_t doorTrouble(const Tick& tick, const CompiledRule& rule, const RuleState& state) {
    using Closure = NodeClosure::State;
    const auto& door = tick.data.door;
    std::size_t trouble = 0;
    const bool wouldClose = rule.levers.scheduling || (rule.levers.eviction && tick.hands.canEvict);
    if (wouldClose && !tick.hands.canCloseNode && door.last != Closure::foreigns) {
        trouble |= door.last == Closure::ours ? kCannotOpen : kCannotClose;
    }
    if (rule.closesNode() && door.yielded) {
        trouble |= kOpenedByOthers;
    }
    const bool isForIt = rule.levers.scheduling || state.evicts;
    if (rule.closesNode() && isForIt && door.last == Closure::foreigns &&
        state.machine.phase != RuleMachine::Phase::idle) {
        trouble |= kClosedByOthers;
    }
    return trouble;
}

} // namespace

std::string_view whyNotEvict(const Tick& tick) {
    return tick.hands.whyNotEvict.empty() ? kNoCluster : tick.hands.whyNotEvict;
}

std::string_view whyNotClose(const Tick& tick) {
    return tick.hands.whyNotClose.empty() ? kNoCluster : tick.hands.whyNotClose;
}

std::string number(double value) {
    std::array<char, 400> buffer{};
    const auto [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                             std::chars_format::fixed, 2);
    std::string text(buffer.data(), status == std::errc{} ? end : buffer.data());
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) {
            text.pop_back();
        }
    }
    return text;
}

std::string millicores(Millicores rate) {
    return number(std::round(rate.value)) + "m";
}

std::string bytes(Bytes amount) {
    constexpr std::array kUnits{" B", " KiB", " MiB", " GiB", " TiB"};
    double value = amount.value;
    std::size_t unit = 0;
    while (std::abs(value) >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return number(std::round(value * 10) / 10) + kUnits.at(unit);
}

std::string describe(const CandidateFacts& facts, Lever lever) {
    std::string text = facts.usesElastic() ? "elastic, " : "";
    text += "priority " + std::to_string(facts.priority) + ", " +
            std::string(name(facts.qosClass)) + ", uses ";
    if (lever == Lever::cpuMax) {
        return text + millicores(facts.usage.cpu);
    }
    if (lever != Lever::eviction) {
        return text + bytes(facts.usage.memory);
    }
    return text + millicores(facts.usage.cpu) + " and " + bytes(facts.usage.memory);
}

std::string brief(const Step& step) {
    switch (step.kind) {
    case StepKind::reclaim: return "reclaim " + bytes(step.amount);
    case StepKind::evict:
        return "evict within " + std::to_string(step.grace.count()) + " s" +
               (step.disposition == Disposition::unavailable ? " (unavailable)" : "");
    case StepKind::closeNode: return "disable scheduling";
    case StepKind::openNode: return "enable scheduling";
    default:
        return std::string(name(step.lever)) + " '" + formatLimit(step.from) + "' → '" +
               formatLimit(step.to) + "'";
    }
}

std::string whyLowered(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t index, const Step& step) {
    return ruleAndValue(tick, rule) + " above " + watermark(tick, rule) + "; " +
           place(index, "lowest in order") + " (" + describe(facts, step.lever) +
           "); expected to release " + released(step);
}

std::string whyClosed(const Tick& tick, std::size_t rule) {
    std::string text = tick.data.rules[rule].acts
                           ? ruleAndValue(tick, rule) + " above " + watermark(tick, rule)
                           : tick.policy.rules[rule].key.text() + " has not cooled down";
    if (tick.data.rules[rule].evicts) {
        text += "; no pod that is evicted for it shall come straight back";
    }
    if (tick.data.door.last == NodeClosure::State::ours && !tick.policy.rules[rule].preview) {
        text += "; the node is closed already, and is held closed for this rule, too";
    }
    return text;
}

std::string whyOpened(const Tick& tick) {
    std::vector<RuleKey> holders;
    for (std::size_t i = 0; i < tick.policy.rules.size(); ++i) {
        if (holdsDoor(tick.data, i)) {
            holders.push_back(tick.policy.rules[i].key);
        }
    }
    if (!holders.empty()) {
        return "cool-down is over: " + keys(holders);
    }
    const auto& causes = tick.hands.closure->causes;
    return causes.empty() ? "no rule is known that closed it"
                          : "removed, changed or only a preview by now: " + keys(causes);
}

std::string_view whyEnough(const Tick& tick, const Pass& pass, std::size_t rule) {
    if (rule != kNone && !tick.data.ruleStatuses[rule].gap) {
        return "the effect on the pods before it is waited for first";
    }
    return pass.released == Resources{} ? "earlier steps are still taking effect and close the gap"
                                        : "the gap is closed by the pods before it";
}

std::string whyRestore(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t index, const Step& step) {
    return "cool-down is over; " + ruleAndValue(tick, rule) + " below " + watermark(tick, rule) +
           "; " + place(index, "most important in order") + " (" + describe(facts, step.lever) +
           ")" + (step.toBaseline ? "; back to what it was" : "; gets " + released(step));
}

std::string whyRelieved(const PodSample& sample) {
    return "it only stalls itself at its memory.high: nothing in it got on for " +
           number(std::round(sample.stalled.memoryFull->value)) +
           " % of the time; it gets some back, and is not lowered again for a while";
}

std::string whyUndo(const Tick& tick, const HeldView& view) {
    const auto pod = tick.data.bound[view.sample].pod;
    if (pod == kNone) {
        return "its Pod object is gone";
    }
    const auto& known = tick.policy.pods[pod];
    if (!known.exemption.empty()) {
        return "it may not be throttled any more: " + known.exemption;
    }
    const auto& causes = view.held->causes;
    const auto isInnocent = [&](const RuleKey& key) {
        return tick.data.effects.isInnocent(view.held->pod->cgroup.inode, view.held->lever(), key);
    };
    if (const auto innocent = std::ranges::find_if(causes, isInnocent); innocent != causes.end()) {
        return "holding it down did not help " + innocent->text();
    }
    if (causes.empty()) {
        return "no rule asks for it any more";
    }
    for (const auto& key : causes) {
        const auto rule = tick.policy.findRule(key);
        if (rule && !tick.policy.allows(tick.policy.rules[*rule], pod)) {
            return "no PodQOS allows action " + tick.policy.rules[*rule].rule.actionName +
                   " for it any more";
        }
    }
    return "removed or changed: " + keys(causes);
}

std::string whyReapply(const HeldPod& held, const Limit& found, unsigned maxReapply) {
    return knob(held) + " went back to " + formatLimit(found) +
           " without anybody asking; written again (" + std::to_string(held.reapplied + 1) +
           " of at most " + std::to_string(maxReapply) + "), for " + keys(held.causes);
}

std::string whyContested(const HeldPod& held) {
    return "contested: the value was lost again after it had been written " +
           std::to_string(held.reapplied) + " times over; let go";
}

std::string whyYield(const HeldPod& held, const Limit& found) {
    return "somebody else changed " + knob(held) + " from " + formatLimit(held.applied) + " to " +
           formatLimit(found) + "; let go, that value stands";
}

std::string whatFollows(const Tick& tick, const Effect& effect, Judgement judgement) {
    const auto numbers =
        " (" + number(effect.before) + " before, " + number(effect.after) + " now)";
    const auto measured = effect.lever == Lever::cpuMax ? millicores(effect.measured.cpu)
                                                        : bytes(effect.measured.memory);
    const auto seconds = std::to_string(tick.policy.settings.futileFor.count());
    switch (judgement) {
    case Judgement::helped: return "helped: it uses " + measured + " less";
    case Judgement::taken:
        return "did not help " + effect.rule.text() + " yet: it uses " + measured +
               " less, and other candidates took that; it stays held, and they are next";
    case Judgement::innocent:
        return "did not help " + effect.rule.text() + numbers +
               ": let go, and left alone by this rule for " + seconds + " s";
    case Judgement::goneAndHelped: return "it is gone: " + effect.rule.text() + numbers;
    case Judgement::goneInVain:
        return "it is gone, and that did not help " + effect.rule.text() + numbers;
    case Judgement::futile: break;
    }
    return "did not help: it uses " + measured + " less; " + std::string(name(effect.lever)) +
           " is not lowered further on it for " + seconds + " s";
}

std::string whyStayed(std::chrono::seconds time) {
    return "did not go within " + std::to_string(time.count()) +
           " s; it is not waited for any more";
}

std::size_t troubleOf(const Tick& tick, const CompiledRule& rule, const RuleState& state) {
    std::size_t trouble = static_cast<std::size_t>(state.value.why);
    if (rule.levers.eviction && !tick.hands.canEvict) {
        trouble |= kCannotEvict;
    }
    trouble |= doorTrouble(tick, rule, state);
    if ((trouble & (kCannotEvict | kCannotClose | kCannotOpen)) != 0 && tick.data.otherWhyNot) {
        trouble |= kOtherWhyNot;
    }
    if (state.blockedBy != kNone) {
        trouble |= (state.blockedBy + 1) << kBlockedShift;
    }
    return trouble;
}

std::string whatTroubles(const Tick& tick, const CompiledRule& rule, std::size_t trouble) {
    std::string text;
    const auto add = [&text](std::string_view sentence) {
        text += (text.empty() ? "" : "; ") + std::string(sentence);
    };
    switch (static_cast<RuleValue::Why>(trouble & kWhyMask)) {
    case RuleValue::Why::known: break;
    case RuleValue::Why::unknown: add(rule.rule.metric + " has no value"); break;
    case RuleValue::Why::stale:
        add(rule.rule.metric + " is stale: nothing newer than " +
            std::to_string(rule.localCacheTtl.count()) + " s");
        break;
    case RuleValue::Why::noSeries:
        add(rule.fromOwnProbe ? "the probe of this NodeQOS has not delivered " + rule.rule.metric
                              : "nothing has delivered " + rule.rule.metric +
                                    " (a textfile, a pod's probe or RecordMetric would)");
        break;
    case RuleValue::Why::noSubject:
        add("nothing on this node that the rule watches: it rests");
        break;
    }
    if ((trouble & kCannotEvict) != 0) {
        add("evictions are only shown: " + std::string(whyNotEvict(tick)));
    }
    if ((trouble & kCannotClose) != 0) {
        add("the node stays open for new pods: " + std::string(whyNotClose(tick)));
    }
    if ((trouble & kCannotOpen) != 0) {
        add("the node stays closed for new pods: " + std::string(whyNotClose(tick)));
    }
    if ((trouble & kClosedByOthers) != 0) {
        add("somebody else has closed the node already: it is not opened here");
    }
    if ((trouble & kOpenedByOthers) != 0) {
        add("somebody opened the node while rules held it closed: it stays open until all of them "
            "have come to rest");
    }
    if (const auto blocking = trouble >> kBlockedShift; blocking != 0) {
        const auto& other = tick.policy.rules[blocking - 1];
        add("restoring waits for " + other.key.text() +
            ", which is above its watermark or unknown");
    }
    return text;
}

} // namespace plimsoll::analyzer
