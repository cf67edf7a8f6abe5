// SPDX-License-Identifier: Apache-2.0
// The words of the enumerations, as D-Bus, the journal and the documents spell them.
#include "daemon/model/plan.hpp"
#include "daemon/model/published.hpp"
#include "daemon/model/verdict.hpp"

namespace plimsoll {

std::string_view name(QosClass value) {
    switch (value) {
    case QosClass::bestEffort: return "BestEffort";
    case QosClass::burstable: return "Burstable";
    case QosClass::guaranteed: return "Guaranteed";
    case QosClass::unknown: break;
    }
    return "Unknown";
}

std::optional<QosClass> qosClassFromName(std::string_view text) {
    for (const auto value : {QosClass::bestEffort, QosClass::burstable, QosClass::guaranteed}) {
        if (text == name(value)) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view name(VerdictKind kind) {
    switch (kind) {
    case VerdictKind::idle: return "idle";
    case VerdictKind::rising: return "rising";
    case VerdictKind::avoiding: return "avoiding";
    case VerdictKind::recovering: return "recovering";
    case VerdictKind::coolingDown: return "cooling-down";
    case VerdictKind::unknown: return "unknown";
    case VerdictKind::invalid: return "invalid";
    }
    return "invalid";
}

std::string Verdict::text() const {
    std::string result(name(kind));
    if (kind == VerdictKind::rising || kind == VerdictKind::recovering) {
        result += ' ' + std::to_string(count) + '/' + std::to_string(of);
    }
    return result;
}

std::string_view name(StepKind kind) {
    switch (kind) {
    case StepKind::throttle: return "throttle";
    case StepKind::restore: return "restore";
    case StepKind::undo: return "undo";
    case StepKind::reapply: return "reapply";
    case StepKind::yield: return "yield";
    }
    return "undo";
}

std::string_view name(Mode mode) {
    switch (mode) {
    case Mode::starting: return "starting";
    case Mode::watching: return "watching";
    case Mode::avoiding: return "avoiding";
    case Mode::refusing: return "refusing";
    }
    return "starting";
}

} // namespace plimsoll
