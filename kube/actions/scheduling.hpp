// SPDX-License-Identifier: Apache-2.0
// Closing this node for new pods and opening it again: spec.unschedulable, marked as ours.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/plan.hpp"
#include "kube/actions/taint.hpp"
#include "kube/actions/wall_clock.hpp"
#include "kube/api/api.hpp"
#include "kube/mirror/object_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::kube {

/// The annotation on the Node that says that we closed it, and for which rules (JSON).
inline constexpr std::string_view kCordonAnnotation = "plimsoll.org/cordon";

/// Who has closed the node, as its object says. Pure. Null: unknown.
NodeClosure closureOf(const StoredObject* node);

class Scheduling {
public:
    Scheduling(Api& api, std::string nodeName, std::optional<TaintSetting> taint,
               WallClock clock = wallNow);
    ~Scheduling();
    Scheduling(const Scheduling&) = delete;
    Scheduling& operator=(const Scheduling&) = delete;

    /// The Node as the mirror has it now; null: not known.
    void observe(const StoredObject* node);
    /// After a change it says at once what the server answered; what the mirror still has from
    /// before does not count then.
    [[nodiscard]] const NodeClosure& closure() const;
    /// Somebody has opened the node, and our mark is still on it: a cordon that somebody makes from
    /// here on would pass for ours, until open() has taken the mark away.
    [[nodiscard]] bool hasLeftover() const;
    /// What the last change left out though it succeeded, a sentence for the operator; empty:
    /// nothing.
    [[nodiscard]] const std::string& warning() const;

    /// Called once, later, from the loop (at once for a node whose name cannot be one); orders are
    /// carried out one after the other. An error is a sentence for the operator. Where the node
    /// does not allow what is asked for, the server is asked once more what it has before that is
    /// said.
    using Done = std::function<void(Result<void>)>;
    /// One patch that sets the bit and our mark together, only if nobody has changed the node
    /// meanwhile. Where it is ours already the mark is brought up to date. A foreign cordon is an
    /// error (EEXIST).
    void close(std::vector<RuleKey> causes, Done done);
    /// Takes away the bit, the mark and the taint, only if the mark is still ours. Where somebody
    /// has opened the node already, only what is left of ours. A foreign cordon is an error
    /// (EEXIST).
    void open(Done done);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
