// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/reasons.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace plimsoll::analyzer {
namespace {

std::string describe(const CandidateFacts& facts) {
    std::string text = "(";
    if (facts.elasticCpu.value > 0) {
        text += "elastic, ";
    }
    return text + "priority " + std::to_string(facts.priority) + ", " +
           std::string(name(facts.qosClass)) + ", uses " + millicores(facts.usage) + ")";
}

std::string place(std::size_t index, const char* first) {
    return index == 0 ? first : "number " + std::to_string(index + 1) + " in order";
}

/// "watermark2/cpu-usage: cpu_total_usage 6840"
std::string ruleAndValue(const Tick& tick, std::size_t rule) {
    const auto& status = tick.data.ruleStatuses[rule];
    return status.key.text() + ": " + status.rule.metric + " " +
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

} // namespace

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

std::string whyThrottle(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                        std::size_t index, const DownStep& step) {
    return ruleAndValue(tick, rule) + " above " + watermark(tick, rule) + "; " +
           place(index, "lowest in order") + " " + describe(facts) + "; expected to release " +
           millicores(step.release) + (step.partial ? ", which closes the gap" : "");
}

std::string whyRestore(const Tick& tick, std::size_t rule, const CandidateFacts& facts,
                       std::size_t index, const UpStep& step) {
    return "cool-down is over; " + ruleAndValue(tick, rule) + " below " + watermark(tick, rule) +
           "; " + place(index, "most important in order") + " " + describe(facts) +
           (step.toBaseline ? "; back to what it was" : "; gets " + millicores(step.credit));
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

std::string whyReapply(const HeldPod& held, const CpuMax& found, unsigned maxReapply) {
    return "cpu.max went back to " + formatCpuMax(found) +
           " without anybody asking; written again (" + std::to_string(held.reapplied + 1) +
           " of at most " + std::to_string(maxReapply) + "), for " + keys(held.causes);
}

std::string whyContested(const HeldPod& held) {
    return "contested: the value was lost again after it had been written " +
           std::to_string(held.reapplied) + " times over; let go";
}

std::string whyYield(const HeldPod& held, const CpuMax& found) {
    return "somebody else changed cpu.max from " + formatLimit(held.applied) + " to " +
           formatCpuMax(found) + "; let go, that value stands";
}

} // namespace plimsoll::analyzer
