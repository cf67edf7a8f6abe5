// SPDX-License-Identifier: Apache-2.0
// What an operator can ask for: the state after a tick, as D-Bus and the status line show it.
#pragma once

#include "daemon/model/explanation.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/verdict.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

enum class Mode : std::uint8_t {
    starting,
    watching, ///< no rule acts
    avoiding, ///< some rule acts or something is held
    refusing, ///< the node cannot be protected; the reason says why
};
std::string_view name(Mode mode);

/// How the API server stands, and how old what is known of the cluster is.
struct ClusterStatus {
    enum class State : std::uint8_t {
        off,         ///< turned off by the configuration
        noCluster,   ///< there is no kubeconfig on this node
        unreachable, ///< `problem` says why
        incomplete,  ///< it answers, and not everything is mirrored yet or any more
        mirrored,    ///< everything is followed
    };
    State state = State::off;
    std::string problem; ///< one sentence; may be empty
    std::string server;  ///< the one in use
    /// When what is mirrored was last known to be what the cluster has; microseconds since 1970, 0:
    /// never. While everything is followed: now.
    std::int64_t mirroredAt = 0;
    NodeClosure::State scheduling = NodeClosure::State::unknown;
    friend bool operator==(const ClusterStatus&, const ClusterStatus&) = default;
};
/// "off", "no-cluster", "unreachable", "incomplete", "mirrored".
std::string_view name(ClusterStatus::State state);
/// "unknown", "open", "closed", "closed-by-others".
std::string_view name(NodeClosure::State state);

/// Lives in the engine; borrowed by the publishers during a tick.
struct Published {
    Mode mode = Mode::starting;
    std::string modeReason;
    std::string nodeName;
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<RuleStatus> rules;
    std::vector<PodStatus> pods; ///< same order as snapshot->pods
    std::vector<HeldPod> held;
    /// The last decisions that did something, or would have; oldest first, bounded.
    std::deque<Explanation> explanations;
    std::vector<Refusal> refusals;
    std::vector<ObjectStatus> objects; ///< of the policies, also those that were refused
    ClusterStatus cluster;
    std::string lastError;
    std::uint64_t policyGeneration = 0; ///< counts up with every policy change
    bool rulesChanged = false; ///< any verdict, limitation or rule list change in this tick
    bool podsChanged = false;  ///< pods came, went, or were throttled or restored in this tick
};

} // namespace plimsoll
