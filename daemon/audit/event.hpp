// SPDX-License-Identifier: Apache-2.0
// The kinds of audit entries. Each has a MESSAGE_ID of its own, explained in
// units/plimsoll.catalog; a test compares the two. Ids are never changed or used again.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <syslog.h>

namespace plimsoll::audit {

enum class Event : std::uint8_t {
    ruleTriggered,
    ruleCoolingDown,
    ruleRestored,
    ruleUnknown,
    ruleKnown,
    ruleInvalid,
    podThrottled,
    podRestoreStep,
    podRestored,
    podPreview,
    driftReapplied,
    podYielded,
    stepFailed,
    leftoverUndone,
    policyChanged,
    objectRefused,
    nodeRefused,
    podReclaimed,
    podEvicted,
    nodeClosed,
    stepUnavailable,
    effectMeasured,
    previewScored,
    decision,
    sourceFailed,
    sourceRecovered,
    nodeOpened,
    podNotGone,
    clusterReached,
    clusterLost,
    mirrorLoaded,
};

struct EventInfo {
    Event event;
    std::string_view name; ///< PLIMSOLL_EVENT
    std::string_view messageId;
    int priority;
};

inline constexpr std::array kEvents = {
    EventInfo{Event::ruleTriggered, "rule-triggered", "6f86e8575c27482cb41f20359d58b91b",
              LOG_WARNING},
    EventInfo{Event::ruleCoolingDown, "rule-cooling-down", "30bcca97e0bd43a08edd7267aed83c48",
              LOG_NOTICE},
    EventInfo{Event::ruleRestored, "rule-restored", "c6dc22d916c54948946be4e668040c92", LOG_NOTICE},
    EventInfo{Event::ruleUnknown, "rule-unknown", "7105b19c92c344d29066fadf114990c3", LOG_WARNING},
    EventInfo{Event::ruleKnown, "rule-known", "8239597ebbd14dd086d377afb346d799", LOG_NOTICE},
    EventInfo{Event::ruleInvalid, "rule-invalid", "32abd6fe4538485ea7d8d26fa127d306", LOG_WARNING},
    EventInfo{Event::podThrottled, "pod-throttled", "6f9c0a1298654e5db9917d0206af0c9c", LOG_NOTICE},
    EventInfo{Event::podRestoreStep, "pod-restore-step", "0f2af67368024b43bac794d8de6a352b",
              LOG_NOTICE},
    EventInfo{Event::podRestored, "pod-restored", "206ce6fe537d4125ba5da7cca640dc0b", LOG_NOTICE},
    EventInfo{Event::podPreview, "pod-preview", "9c9d8d46d92d46f2b44475d5a6f32136", LOG_NOTICE},
    EventInfo{Event::driftReapplied, "drift-reapplied", "2a39d8d5333c40cfa8b52c4bee091b25",
              LOG_WARNING},
    EventInfo{Event::podYielded, "pod-yielded", "0e3f025ad87e4a2ba277e823450548cd", LOG_WARNING},
    EventInfo{Event::stepFailed, "step-failed", "cd9eed1559724167bfe97ee7dcbb160f", LOG_ERR},
    EventInfo{Event::leftoverUndone, "leftover-undone", "a8fe6cb64bbb45d78f56fbdfa0de6407",
              LOG_WARNING},
    EventInfo{Event::policyChanged, "policy-changed", "bd1cd43336e14cd89d2b16d0cbcde4fd",
              LOG_NOTICE},
    EventInfo{Event::objectRefused, "object-refused", "fdfb6a7b04e3494a86a2a7a859050c05",
              LOG_WARNING},
    EventInfo{Event::nodeRefused, "node-refused", "9047c77f63b14349a6fb89dfa1310d0c", LOG_ERR},
    EventInfo{Event::podReclaimed, "pod-reclaimed", "c87eaede96b84b77a9f64c3a5c19d8ea", LOG_NOTICE},
    EventInfo{Event::podEvicted, "pod-evicted", "29fa680112954f4998788bbe8097eaf7", LOG_WARNING},
    EventInfo{Event::nodeClosed, "node-closed", "2bb17b580236492b8d9d6605cd6f9980", LOG_WARNING},
    EventInfo{Event::stepUnavailable, "step-unavailable", "0d6000d7077847fc9499c3e776538baf",
              LOG_WARNING},
    EventInfo{Event::effectMeasured, "effect-measured", "88ba9d4ab7c1453585ea9829b84ac024",
              LOG_INFO},
    EventInfo{Event::previewScored, "preview-scored", "24dd93fc39494ca89f4c4cddfda5bd35",
              LOG_NOTICE},
    EventInfo{Event::decision, "decision", "f9ff700e77744d19bfec678b7344dcc8", LOG_INFO},
    EventInfo{Event::sourceFailed, "source-failed", "f5bc3f6179c84a2ba6dc3404cdaab0e9",
              LOG_WARNING},
    EventInfo{Event::sourceRecovered, "source-recovered", "7246aa5a1b19471d923bd507a7fab1e5",
              LOG_NOTICE},
    EventInfo{Event::nodeOpened, "node-opened", "dd4d270fc32a4a99a1b5d0664ccdf9c9", LOG_NOTICE},
    EventInfo{Event::podNotGone, "pod-not-gone", "dbbbc74cb31a406588f12d0e9ebe9b4c", LOG_WARNING},
    EventInfo{Event::clusterReached, "cluster-reached", "78c1f2022fd54350a57425337726c8b9",
              LOG_NOTICE},
    EventInfo{Event::clusterLost, "cluster-lost", "9f1aabe5183844979b12636c663d1cc7", LOG_WARNING},
    EventInfo{Event::mirrorLoaded, "mirror-loaded", "ef991e00d8bb43c283bc341aaf9a1569", LOG_NOTICE},
};

constexpr const EventInfo& info(Event event) {
    return kEvents[static_cast<std::size_t>(event)];
}

} // namespace plimsoll::audit
