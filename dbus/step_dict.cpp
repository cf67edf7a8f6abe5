// SPDX-License-Identifier: Apache-2.0
#include "dbus/step_dict.hpp"

namespace plimsoll::dbus {

std::vector<std::string> texts(const std::vector<RuleKey>& rules) {
    std::vector<std::string> out;
    out.reserve(rules.size());
    for (const auto& rule : rules)
        out.push_back(rule.text());
    return out;
}

std::string limitText(Lever lever, const Limit& limit) {
    return holds(lever) ? formatLimit(limit) : std::string();
}

Dict stepDict(const Step& step) {
    Dict out;
    out.emplace("Lever", sdbus::Variant{std::string(name(step.lever))});
    out.emplace("Reason", sdbus::Variant{step.reason});
    out.emplace("Causes", sdbus::Variant{texts(step.causes)});
    if (releasesCpu(step.lever)) {
        out.emplace("ExpectedRelease", sdbus::Variant{step.expected.cpu.value});
        out.emplace("Usage", sdbus::Variant{step.usage.cpu.value});
    }
    if (releasesMemory(step.lever)) {
        out.emplace("ExpectedMemoryRelease", sdbus::Variant{step.expected.memory.value});
        out.emplace("MemoryUsage", sdbus::Variant{step.usage.memory.value});
    }
    if (step.kind == StepKind::reclaim)
        out.emplace("Amount", sdbus::Variant{step.amount.value});
    return out;
}

} // namespace plimsoll::dbus
