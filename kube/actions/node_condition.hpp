// SPDX-License-Identifier: Apache-2.0
// The condition "interference-identified" of this node.
#pragma once

#include "kube/api/api.hpp"

#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::kube {

class NodeCondition {
public:
    NodeCondition(sd_event* event, Api& api, std::string nodeName);
    ~NodeCondition();
    NodeCondition(const NodeCondition&) = delete;
    NodeCondition& operator=(const NodeCondition&) = delete;

    /// What it should say from now on. Patched only when the status is another one than the server
    /// was last told (or, at the beginning, than the mirrored Node says); tried again with
    /// back-off, always with what is wanted by then. lastTransitionTime is when it was asked for.
    void want(bool identified, std::string reason, std::string message);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
