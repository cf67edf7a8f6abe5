// SPDX-License-Identifier: Apache-2.0
// Closing this node for new pods and opening it again: spec.unschedulable, marked as ours.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/plan.hpp"
#include "kube/actions/taint.hpp"
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
    Scheduling(Api& api, std::string nodeName, std::optional<TaintSetting> taint);
    ~Scheduling();
    Scheduling(const Scheduling&) = delete;
    Scheduling& operator=(const Scheduling&) = delete;

    /// The Node as the mirror has it now; null: not known.
    void observe(const StoredObject* node);
    [[nodiscard]] const NodeClosure& closure() const;

    /// Called once, later, from the loop. An error is a sentence for the operator.
    using Done = std::function<void(Result<void>)>;
    /// One patch that sets the bit and our mark together, only if nobody has changed the node
    /// meanwhile. Where it is ours already the mark is brought up to date. A foreign cordon is an
    /// error (EEXIST).
    void close(std::vector<RuleKey> causes, Done done);
    /// Takes away the bit, the mark and the taint, only if the mark is still ours. Where somebody
    /// has opened the node already, only what is left of ours.
    void open(Done done);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
