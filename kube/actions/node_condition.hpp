// SPDX-License-Identifier: Apache-2.0
// The condition "interference-identified" of this node.
#pragma once

#include "kube/actions/wall_clock.hpp"
#include "kube/api/api.hpp"
#include "kube/mirror/object_store.hpp"

#include <functional>
#include <memory>
#include <string>

struct sd_event;

namespace plimsoll::kube {

class NodeCondition {
public:
    /// Throws std::system_error when the loop cannot be had.
    NodeCondition(sd_event* event, Api& api, std::string nodeName, WallClock clock = wallNow);
    ~NodeCondition();
    NodeCondition(const NodeCondition&) = delete;
    NodeCondition& operator=(const NodeCondition&) = delete;

    /// The Node as the mirror has it. Nothing is sent before the first one, so that a restart
    /// neither repeats what the server has nor leaves it there. It counts until the server has been
    /// told something, and again when the Node is another one of the same name.
    void observe(const StoredObject* node);

    /// What it should say from now on. Patched only when the status is another one than the server
    /// was last told (or, at the beginning, than the mirrored Node says; a Node without the
    /// condition says that nothing is identified); tried again with back-off, always with what is
    /// wanted by then. lastTransitionTime is when it was asked for.
    void want(bool identified, std::string reason, const std::string& message);

    /// Why the server has not been told yet; empty: it has, or is being told.
    [[nodiscard]] const std::string& problem() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// Takes the condition off the Node. `done` is called once, later, from the loop.
[[nodiscard]] http::Call removeCondition(Api& api, const std::string& nodeName,
                                         std::function<void(Result<void>)> done);

} // namespace plimsoll::kube
