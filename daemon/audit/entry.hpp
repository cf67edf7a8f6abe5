// SPDX-License-Identifier: Apache-2.0
// Audit entries as values: what happened → the journal fields of docs/journal.md. Pure.
#pragma once

#include "daemon/audit/event.hpp"
#include "daemon/model/explanation.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/series.hpp"
#include "daemon/model/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::audit {

struct Entry {
    Event event = Event::policyChanged;
    int priority = LOG_NOTICE;
    std::string message;
    /// Names without the PLIMSOLL_ prefix; empty values are left out.
    std::vector<std::pair<std::string, std::string>> fields;
    /// The systemd unit that the entry is about, so that `journalctl -u UNIT` shows it.
    std::string objectUnit;
};

/// A step that was carried out, failed, would have been carried out (preview), or would have been
/// right and cannot be carried out (unavailable). Not for a step that is still pending.
Entry describe(const Outcome& outcome, const std::string& planId);

/// A step of undoing what an earlier run left behind.
Entry describeLeftover(const Outcome& outcome);

/// A rule whose verdict moved in a way an operator wants to know (`event` says which).
Entry describe(Event event, const RuleStatus& rule, const std::string& planId);

/// A preview rule's time above the watermark is over: how right acting would have been.
Entry describePreview(const RuleStatus& rule, const std::string& planId);

/// What a step brought, or that an evicted pod did not go. `planId` is that of the step.
Entry describe(const Effect& effect, const std::string& planId);

/// Why a plan looks as it does: who was considered, and what each got.
Entry describe(const Explanation& explanation);

/// A source of custom metrics stopped to deliver, or delivers again.
Entry describeFailed(const SourceProblem& problem);
Entry describeRecovered(const SourceProblem& problem);

/// The API server answers, for the first time or again. `server` is its URL.
Entry describeClusterReached(const std::string& server);
/// It does not answer any more; `reason` is a sentence.
Entry describeClusterLost(const std::string& server, const std::string& reason);

/// What the copy of the cluster's objects on this node's disk holds, and how old that is.
struct LoadedMirror {
    std::string file;
    std::size_t policies = 0;
    std::size_t pods = 0;
    std::chrono::seconds age{0};
};
/// No API server has answered since the start: that copy is acted on.
Entry describe(const LoadedMirror& mirror);

Entry describe(const Refusal& refusal);

} // namespace plimsoll::audit
