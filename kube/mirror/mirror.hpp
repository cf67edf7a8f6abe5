// SPDX-License-Identifier: Apache-2.0
// NodeQOS, PodQOS, AvoidanceAction, this node's Pods and its Node, kept up to date by list and
// watch.
#pragma once

#include "daemon/model/units.hpp"
#include "kube/api/api.hpp"
#include "kube/mirror/object_store.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

struct sd_event;

namespace plimsoll::kube {

/// How one kind stands.
struct KindState {
    /// Once at least, in this run: the store holds what the cluster has. Also where its CRD is not
    /// installed, so that it has none.
    bool listed = false;
    bool following = false; ///< a watch is open now
    std::string problem; ///< why not; empty: none. "403 Forbidden: …", "the CRD is not installed"
    std::optional<MonotonicTime> lastContact; ///< when the server last said something about it
    std::uint64_t lists = 0, watches = 0, events = 0; ///< so far
    friend bool operator==(const KindState&, const KindState&) = default;
};

class Mirror {
public:
    /// Objects that were mirrored before may be given to start from; they stay until their kind is
    /// listed. Throws std::system_error when the loop cannot be had.
    Mirror(sd_event* event, Api& api, const std::string& nodeName, ObjectStore known = {});
    ~Mirror();
    Mirror(const Mirror&) = delete;
    Mirror& operator=(const Mirror&) = delete;

    /// Some object or state is another one; called from the loop, several changes together.
    struct Changes {
        bool policies = false; ///< the three kinds
        bool pods = false;
        bool node = false;
        bool state = false;
    };
    void onChange(std::function<void(Changes)> handler);

    [[nodiscard]] const ObjectStore& objects() const;
    [[nodiscard]] const KindState& state(Kind kind) const;
    /// All five kinds are listed.
    [[nodiscard]] bool complete() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
